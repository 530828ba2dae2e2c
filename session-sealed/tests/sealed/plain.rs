//! Records that are not sealed, and turning encryption on and off.

use session_core::{Capacity, Driver, KeyRing, Outcome, PlainRecords, SessionManager};
use session_sealed::Sealed;
use test_support::{Call, Log};

use crate::common::{LIFETIME, Store, commit, log_in, old_keys, open, user};

fn with(store: &Store, keys: &KeyRing, plain_records: PlainRecords) -> SessionManager {
    store.sealed_with(keys, |driver| driver.plain_records(plain_records))
}

#[test]
fn s38_a_plain_record_does_not_read_as_sealed() {
    let (store, keys) = (Store::new(), old_keys());
    let token = log_in(&store.plain(&keys));
    let manager = store.sealed(&keys);
    assert!(open(&manager, &token).is_new());
    // It is left alone.
    assert_eq!(user(&store.plain(&keys), &token).as_deref(), Some("ada"));
}

#[test]
fn s38_a_sealed_record_does_not_read_as_plain() {
    let (store, keys) = (Store::new(), old_keys());
    let token = log_in(&store.sealed(&keys));
    let manager = store.plain(&keys);
    let log = Log::capture();
    let session = open(&manager, &token);
    assert!(session.is_new() && session.all().is_empty());
    let event = "session is sealed, and this service does not open sealed sessions";
    assert_eq!(log.count(event), 1, "{}", log.text());
}

#[test]
fn s38_a_sealed_record_shows_its_id_its_expiry_and_nothing_else() {
    let (store, keys) = (Store::new(), old_keys());
    let manager = store.sealed(&keys);
    let session = open(&manager, "");
    session.put("user", "ada").unwrap();
    session.flash("notice", "welcome").unwrap();
    let Outcome::Set(token) = commit(&manager, &session) else {
        panic!("a new session sets a cookie");
    };
    let stored = store.stored(token.as_str());
    let (id, ends) = (
        stored.id().as_str(),
        stored.expires_at().unwrap().as_millis(),
    );
    let content = stored.sealed_content().unwrap();
    assert_eq!(
        stored.to_json(),
        format!(
            r#"{{"id":"{id}","data":{{}},"flash_next":{{}},"exp":{ends},"sealed":"{content}"}}"#
        )
    );
    assert!(content.starts_with("v1."));
}

#[test]
fn plain_records_are_accepted_if_asked_for_and_sealed_with_the_next_save() {
    let (store, keys) = (Store::new(), old_keys());
    let token = log_in(&store.plain(&keys));
    let accepting = with(&store, &keys, PlainRecords::Accept);
    // Reading alone saves nothing.
    let session = open(&accepting, &token);
    assert_eq!(session.get("user").unwrap(), Some("ada".to_owned()));
    assert_eq!(commit(&accepting, &session), Outcome::Keep);
    assert_eq!(store.stored(&token).sealed_content(), None);
    // A renewal does.
    store.clock.advance(LIFETIME / 2);
    store.driver.calls();
    commit(&accepting, &open(&accepting, &token));
    assert_eq!(store.driver.calls(), [Call::Load, Call::Save]);
    assert!(store.stored(&token).data().is_empty());
    assert_eq!(user(&store.sealed(&keys), &token).as_deref(), Some("ada"));
}

#[test]
fn sealed_records_open_and_become_plain_before_encryption_is_turned_off() {
    let (store, keys) = (Store::new(), old_keys());
    let token = log_in(&store.sealed(&keys));
    let writing = with(&store, &keys, PlainRecords::Write);
    assert!(store.sealed(&keys).is_sealed() && !writing.is_sealed());
    store.clock.advance(LIFETIME / 2);
    let session = open(&writing, &token);
    assert_eq!(session.get("user").unwrap(), Some("ada".to_owned()));
    commit(&writing, &session);
    assert_eq!(user(&store.plain(&keys), &token).as_deref(), Some("ada"));
    // A plain record is touched like any other.
    store.clock.advance(LIFETIME / 2);
    store.driver.calls();
    commit(&writing, &open(&writing, &token));
    assert_eq!(store.driver.calls(), [Call::Load, Call::Touch]);
}

#[test]
fn a_sealed_record_fits_where_the_driver_has_a_limit() {
    let (store, keys) = (Store::new(), old_keys());
    store.driver.limit(10_000);
    let driver = Sealed::new(store.driver.clone(), &keys).unwrap();
    let Capacity::Json(limit) = driver.capacity() else {
        panic!("the driver has a limit");
    };
    let manager = store.sealed(&keys);
    let session = open(&manager, "");
    let mut length = limit;
    while session.put("text", "x".repeat(length)).is_err() {
        length -= 1;
    }
    let Outcome::Set(token) = commit(&manager, &session) else {
        panic!("a new session sets a cookie");
    };
    let stored = store.stored(token.as_str()).to_json().len();
    assert!((9_500..=10_000).contains(&stored), "{stored}");
}

#[test]
fn debug_shows_no_key() {
    let driver = Sealed::new(Store::new().driver, &old_keys()).unwrap();
    let shown = format!("{:?}", driver.purpose("shop"));
    assert!(shown.contains("Sealer(1 keys)"), "{shown}");
}
