//! Records that somebody changed in the store.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pollster::block_on;
use session_core::{
    Driver, Error, Expected, Loaded, MemoryDriver, Record, Saved, SessionId, SessionManager,
    async_trait,
};
use session_sealed::{Sealed, Sealer};
use test_support::probe::Probe;

use crate::common::{Store, log_in, old_keys, open, user};

fn encode(sealed: &[u8]) -> String {
    format!("v1.{}", URL_SAFE_NO_PAD.encode(sealed))
}

/// Security checklist, statement 38.
#[test]
fn s38_a_record_with_one_changed_bit_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let token = log_in(&manager);
    let original = store.stored(&token);
    let content = original.sealed_content().unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&content["v1.".len()..]).unwrap();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = format!("v1.{}", URL_SAFE_NO_PAD.encode(changed));
        store.replace(&original.sealed(&changed));
        assert!(open(&manager, &token).is_new(), "bit {bit}");
    }
    store.replace(&original);
    assert_eq!(user(&manager, &token).as_deref(), Some("ada"));
}

/// Every part is missing once, and every encoding but the canonical one is refused.
#[test]
fn s38_a_record_in_another_form_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let token = log_in(&manager);
    let original = store.stored(&token);
    let content = original.sealed_content().unwrap();
    let mut others = vec![
        format!("{content}="),
        format!("{content}A"),
        format!(" {content}"),
        content.replace("v1.", "v2."),
        content.replace("v1.", ""),
        content.replace("v1.", "V1."),
        content.to_uppercase(),
        "é".to_owned(),
        "v1.é".to_owned(),
        format!("v1.{}é", "A".repeat(31)),
    ];
    others.extend((0..content.len()).map(|end| content[..end].to_owned()));
    for other in others {
        store.replace(&original.sealed(&other));
        assert!(open(&manager, &token).is_new(), "{other}");
    }
    // Whatever is in the field, the record is sealed: the data beside it does not count.
    let id = original.id().as_str();
    for field in [
        "7",
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        r#"{"a":1}"#,
        r#""\u0041""#,
    ] {
        for space in ["", " "] {
            let json = format!(
                r#"{{{space}"id":"{id}","data":{{"user":"eve"}},"sealed":{field},"exp":1800000000000}}"#
            );
            store.replace(&Record::from_json(json).unwrap());
            assert!(open(&manager, &token).is_new(), "{field}");
            assert!(open(&store.plain(&keys), &token).is_new(), "{field}");
        }
    }
}

#[test]
fn s38_the_content_of_another_record_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let (a, b) = (log_in(&manager), log_in(&manager));
    let of_b = store.stored(&b);
    store.replace(&store.stored(&a).sealed(of_b.sealed_content().unwrap()));
    assert!(open(&manager, &a).is_new());
    assert_eq!(user(&manager, &b).as_deref(), Some("ada"));
}

/// A sealer that is bound to the id, but the record inside names another one.
#[test]
fn a_record_that_names_another_id_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let token = log_in(&manager);
    let original = store.stored(&token);
    for (json, is_session) in [
        (format!(r#"{{"id":"{}"}}"#, original.id().as_str()), true),
        (r#"{"id":"another"}"#.to_owned(), false),
        ("{}".to_owned(), false),
        ("no record".to_owned(), false),
    ] {
        let sealer = Sealer::new(&keys, "record");
        let sealed = sealer.seal(original.id().as_str(), json.as_bytes());
        store.replace(&original.sealed(&encode(&sealed.unwrap())));
        assert_eq!(!open(&manager, &token).is_new(), is_session, "{json}");
    }
}

#[test]
fn s38_what_another_purpose_sealed_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let of = |purpose: &str| store.sealed_with(&keys, |driver| driver.purpose(purpose));
    let (shop, office, unnamed) = (of("shop"), of("office"), store.sealed(&keys));
    let token = log_in(&shop);
    assert_eq!(user(&shop, &token).as_deref(), Some("ada"));
    assert!(open(&office, &token).is_new());
    assert!(open(&unnamed, &token).is_new());
    // What was sealed for a cookie, put into the store.
    let original = store.stored(&token);
    let json = original.to_json();
    for (purpose, context) in [("cookie", ""), ("cookie", original.id().as_str())] {
        let sealed = Sealer::new(&keys, purpose).seal(context, json.as_bytes());
        store.replace(&original.sealed(&encode(&sealed.unwrap())));
        assert!(open(&unnamed, &token).is_new());
    }
}

/// A save meets a record that does not open: there is nothing to merge with, and nothing is overwritten.
#[test]
fn a_save_onto_a_record_that_does_not_open_stores_nothing() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let token = log_in(&manager);
    let session = open(&manager, &token);
    let changed = store.stored(&token).sealed("v1.changed");
    store.replace(&changed);
    session.put("cart", 1).unwrap();
    assert_eq!(
        block_on(manager.commit(&session)).unwrap(),
        session_core::Outcome::Keep
    );
    assert_eq!(store.stored(&token).sealed_content(), Some("v1.changed"));
    let driver = Sealed::new(store.driver.clone(), &keys).unwrap();
    assert!(
        block_on(driver.load(changed.id().as_str()))
            .unwrap()
            .is_none()
    );
}

/// Returns the same record for every handle, as if somebody had copied it over all others.
#[derive(Debug)]
struct Swapped {
    driver: Arc<Probe<MemoryDriver>>,
    victim: String,
}

#[async_trait]
impl Driver for Swapped {
    async fn load(&self, _: &str) -> Result<Option<Loaded>, Error> {
        self.driver.load(&self.victim).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.driver.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }
}

/// Whoever can write to the store moves a whole record, with its id, to the place of another one. The drivers of this
/// project compare ids themselves.
#[test]
fn s38_a_whole_record_in_another_place_is_no_session() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let (attacker, victim) = (log_in(&manager), log_in(&manager));
    let swapped = Swapped {
        driver: store.driver.clone(),
        victim: victim.rsplit_once('.').unwrap().0.to_owned(),
    };
    let driver = Sealed::new(swapped, &keys).unwrap();
    let builder = SessionManager::builder(driver, keys.clone()).clock(store.clock.clone());
    let manager = builder.build().unwrap();
    assert!(open(&manager, &attacker).is_new());
    assert!(!open(&manager, &victim).is_new());
}
