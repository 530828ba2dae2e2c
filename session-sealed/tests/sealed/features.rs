//! What works with sealed records as it does without.

use std::time::Duration;

use pollster::block_on;
use session_core::{Driver, Outcome, SessionManager};
use session_sealed::Sealed;

use crate::common::{LIFETIME, Store, commit, old_keys, open, token};

fn owned(store: &Store) -> SessionManager {
    let keys = old_keys();
    let driver = Sealed::new(store.driver.clone(), &keys).unwrap();
    SessionManager::builder(driver, keys)
        .clock(store.clock.clone())
        .owner_key("user")
        .build()
        .unwrap()
}

fn log_in(manager: &SessionManager, device: &str) -> String {
    let session = block_on(manager.open(None)).unwrap();
    session.put("user", "ada").unwrap();
    session.put("device", device).unwrap();
    token(&commit(manager, &session)).unwrap()
}

#[test]
fn the_sessions_of_an_owner_are_listed_and_end() {
    let store = Store::new();
    let manager = owned(&store);
    let (phone, laptop) = (log_in(&manager, "phone"), log_in(&manager, "laptop"));
    let stored = store.stored(&phone);
    assert_eq!(stored.owner(), Some("ada"), "the index needs it");
    assert!(stored.data().is_empty());

    let sessions = block_on(manager.sessions_of("ada")).unwrap();
    let devices: Vec<String> = sessions
        .iter()
        .map(|record| record.data().get("device").unwrap().unwrap())
        .collect();
    assert_eq!(devices.len(), 2);
    assert!(devices.contains(&"phone".to_owned()) && devices.contains(&"laptop".to_owned()));

    let this = open(&manager, &phone).id().unwrap();
    assert_eq!(
        block_on(manager.revoke_all_of("ada", Some(&this))).unwrap(),
        1
    );
    assert!(open(&manager, &laptop).is_new());
    assert!(!open(&manager, &phone).is_new());
}

#[test]
fn a_renewal_tells_the_driver_the_owner_and_none_of_the_data() {
    let store = Store::new();
    let manager = owned(&store);
    let phone = log_in(&manager, "phone");
    store.clock.advance(LIFETIME / 2);
    let outcome = commit(&manager, &open(&manager, &phone));
    assert!(matches!(outcome, Outcome::Set(_)));
    let listed = block_on(store.driver.owned_by("ada")).unwrap();
    assert_eq!(listed.map(|ids| ids.len()), Some(1));
    store.clock.advance(LIFETIME * 3 / 4);
    assert!(!open(&manager, &phone).is_new());
}

#[test]
fn a_remembered_session_keeps_its_own_lifetime() {
    let store = Store::new();
    let manager = store.sealed(&old_keys());
    let session = block_on(manager.open(None)).unwrap();
    session.put("n", 1).unwrap();
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    session.remember_for(month).unwrap();
    let token = token(&commit(&manager, &session)).unwrap();
    assert_eq!(store.stored(&token).remembered_for(), None, "it is sealed");
    for _ in 0..3 {
        store.clock.advance(month * 9 / 10);
        let session = open(&manager, &token);
        assert_eq!(session.get("n").unwrap(), Some(1));
        assert!(
            matches!(commit(&manager, &session), Outcome::Set(issued) if issued.ttl() == month)
        );
    }
}

#[test]
fn overlapping_requests_are_merged() {
    let store = Store::new();
    let manager = store.sealed(&old_keys());
    let session = block_on(manager.open(None)).unwrap();
    session.put("n", 0).unwrap();
    let token = token(&commit(&manager, &session)).unwrap();
    let (a, b) = (open(&manager, &token), open(&manager, &token));
    for (session, key) in [(&a, "a"), (&b, "b")] {
        session.update("n", 0, |n| n + 1).unwrap();
        session.put(key, true).unwrap();
    }
    commit(&manager, &a);
    commit(&manager, &b);
    let session = open(&manager, &token);
    assert_eq!(session.all().to_json(), r#"{"a":true,"b":true,"n":2}"#);
}
