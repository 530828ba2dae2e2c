//! Sessions that exceed the driver's capacity.

use pollster::block_on;
use session_core::{Capacity, Error, ErrorKind, Session};

use crate::common::{Service, id_of};

type Verb = fn(&Session) -> Result<(), Error>;

/// Returns a service whose records may be `room` bytes longer than that of `{"user":"ada"}`.
fn service_with_room(room: usize) -> (Service, String) {
    let service = Service::new();
    let token = service.login();
    let size = service.stored(id_of(&token)).unwrap().to_json().len();
    service.store.limit(size + room);
    (service, token)
}

fn assert_too_large(result: Result<(), Error>) {
    let kind = result.unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::TooLarge { .. }), "{kind:?}");
}

#[test]
fn oversized_values_are_refused_and_change_nothing() {
    let (service, token) = service_with_room(20);
    let session = service.open(&token);
    let long = "x".repeat(100);
    let big = long.clone();
    assert_too_large(session.put("user", &long));
    assert_too_large(session.put("new", &long));
    assert_too_large(session.flash("notice", &long));
    assert_too_large(
        session
            .update("user", String::new(), move |_| big.clone())
            .map(drop),
    );
    assert_eq!(session.all().to_json(), r#"{"user":"ada"}"#);
    assert!(!session.is_modified());
    assert_eq!(service.commit(&session), session_core::Outcome::Keep);
}

#[test]
fn the_error_contains_the_exact_size_and_limit() {
    let (service, token) = service_with_room(20);
    let stored = service.stored(id_of(&token)).unwrap().to_json().len();
    let session = service.open(&token);
    // `,"k":"…"` has 21 bytes, one too many.
    let value = "x".repeat(21 - r#","k":"""#.len());
    let error = session.put("k", &value).unwrap_err();
    let ErrorKind::TooLarge { size, limit, .. } = error.kind() else {
        panic!("{error}");
    };
    assert_eq!((size, limit), (stored + 21, stored + 20));
    session.put("k", &value[1..]).unwrap();
    service.save(&session);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.to_json().len(), limit, "exactly full");
}

#[test]
fn reflash_and_keep_are_refused_as_a_whole() {
    let verbs: [Verb; 2] = [
        |session| session.reflash(),
        |session| session.keep(["notice"]),
    ];
    for verb in verbs {
        let service = Service::new();
        let token =
            service.request(|session| session.flash("notice", "twenty bytes of flash").unwrap());
        let size = service.stored(id_of(&token)).unwrap().to_json().len();
        service.store.limit(size + 10);
        let session = service.open(&token);
        session.put("k", "fits because the flash goes").unwrap();
        assert_too_large(verb(&session));
        assert!(session.has_flash("notice"), "this request still sees it");
        service.save(&session);
        let stored = service.stored(id_of(&token)).unwrap();
        assert_eq!(
            stored.data().to_json(),
            r#"{"k":"fits because the flash goes"}"#
        );
        assert!(stored.flash_next().is_empty());
    }
}

#[test]
fn a_full_session_can_be_made_smaller() {
    let (service, token) = service_with_room(0);
    let session = service.open(&token);
    session.put("user", "a").unwrap();
    session.forget("user").unwrap();
    session.put("name", "a").unwrap();
    service.save(&session);
}

/// Each change fits alone, but not both. Nothing of the slower request is stored.
#[test]
fn commit_refuses_an_oversized_merge() {
    let (service, token) = service_with_room(20);
    let [fast, slow] = [service.open(&token), service.open(&token)];
    fast.put("fast", "12345").unwrap();
    slow.put("slow", "12345").unwrap();
    service.save(&fast);
    assert_too_large(block_on(service.manager.commit(&slow)).map(drop));
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"fast":"12345","user":"ada"}"#);
}

/// The new record is removed again, and the old session continues.
#[test]
fn commit_refuses_an_oversized_merge_during_regenerate() {
    let (service, token) = service_with_room(20);
    let [fast, slow] = [service.open(&token), service.open(&token)];
    fast.put("fast", "12345").unwrap();
    slow.regenerate().unwrap();
    slow.put("slow", "12345").unwrap();
    service.save(&fast);
    assert_too_large(block_on(service.manager.commit(&slow)).map(drop));
    assert_eq!(service.records(), 1);
    let old = service.open(&token);
    assert_eq!(old.all().to_json(), r#"{"fast":"12345","user":"ada"}"#);
}

/// A merge tags the flash that it carries along, and the tag takes room too.
#[test]
fn flash_tags_count_towards_the_limit() {
    let (service, token) = service_with_room(r#""n":1"#.len());
    let [fast, slow] = [service.open(&token), service.open(&token)];
    fast.flash("n", 1).unwrap();
    slow.put("user", "bob").unwrap();
    service.save(&fast);
    assert_too_large(block_on(service.manager.commit(&slow)).map(drop));
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn commit_refuses_a_record_above_a_lowered_limit() {
    let (service, token) = service_with_room(0);
    service.store.limit(10);
    let session = service.open(&token);
    session.forget("user").unwrap();
    assert_too_large(block_on(service.manager.commit(&session)).map(drop));
    assert!(
        service
            .stored(id_of(&token))
            .unwrap()
            .data()
            .contains("user")
    );
}

#[test]
fn without_a_limit_a_large_value_is_accepted() {
    let service = Service::with(|builder| builder.max_bytes(usize::MAX));
    let token = service.request(|session| session.put("k", "x".repeat(1 << 20)).unwrap());
    let found = service.open(&token).get::<String>("k").unwrap().unwrap();
    assert_eq!(found.len(), 1 << 20);
    assert!(matches!(
        session_core::Driver::capacity(&*service.store),
        Capacity::Unlimited
    ));
}
