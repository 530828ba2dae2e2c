//! Regenerate at login and destroy at logout.

use session_core::{Outcome, Session};

use crate::common::{Call, Service, id_of, token};

/// Security checklist, statement 6.
#[test]
fn s06_regenerate_changes_the_id_and_invalidates_the_old_one() {
    let service = Service::new();
    let old = service.request(|session| {
        session.put("cart", 3).unwrap();
        session.flash("notice", "hi").unwrap();
    });
    let session = service.open(&old);
    session.regenerate().unwrap();
    session.put("user", "ada").unwrap();
    assert!(session.is_modified());
    assert_ne!(session.id().unwrap().as_str(), id_of(&old));
    let new = service.save(&session);

    assert_ne!(id_of(&new), id_of(&old));
    assert_eq!(
        service.open(&new).all().to_json(),
        r#"{"cart":3,"user":"ada"}"#
    );
    assert!(
        !service.open(&new).has_flash("notice"),
        "flash ages as usual"
    );
    assert!(service.open(&old).is_new());
    let moved = service.stored(id_of(&old)).unwrap();
    assert!(moved.is_moved() && moved.data().is_empty());
}

#[test]
fn regenerate_stores_the_new_record_before_the_old_one_moves() {
    let service = Service::new();
    let session = service.open(&service.login());
    session.regenerate().unwrap();
    service.store.calls();
    service.save(&session);
    assert_eq!(service.store.calls(), [Call::Save, Call::Move]);
}

/// The session is never missing under both ids.
#[test]
fn the_old_id_works_until_regenerate_is_complete() {
    let service = Service::new();
    let old = service.login();
    let session = service.open(&old);
    session.regenerate().unwrap();
    let manager = service.manager.clone();
    service.store.before(Call::Move, move || {
        let meanwhile = pollster::block_on(manager.open([&*old])).unwrap();
        assert_eq!(meanwhile.get::<String>("user").unwrap().unwrap(), "ada");
    });
    service.save(&session);
}

#[test]
fn regenerate_works_with_a_minimal_driver() {
    let service = Service::minimal(|builder| builder);
    let old = service.login();
    let session = service.open(&old);
    session.regenerate().unwrap();
    let new = service.save(&session);
    assert!(service.open(&old).is_new());
    assert_eq!(service.open(&new).all().to_json(), r#"{"user":"ada"}"#);
    assert_eq!(service.records(), 2, "one says that the session has moved");
}

#[test]
fn the_last_of_several_regenerations_counts() {
    let service = Service::new();
    let session = service.open(&service.login());
    session.regenerate().unwrap();
    let between = session.id().unwrap();
    session.regenerate().unwrap();
    let new = service.save(&session);
    assert_ne!(id_of(&new), between.as_str());
    assert_eq!(service.stored(between.as_str()), None);
}

/// Security checklist, statement 7.
#[test]
fn s07_destroy_removes_the_record_and_the_cookie() {
    let service = Service::new();
    let old = service.request(|session| {
        session.put("user", "ada").unwrap();
        session.flash("notice", "hi").unwrap();
    });
    let session = service.open(&old);
    session.destroy().unwrap();
    // The data is gone at once, so that a template rendered afterwards does not show it.
    assert!(session.all().is_empty() && session.all_flash().is_empty());
    assert_eq!(session.expires_at(), None);

    let outcome = service.commit(&session);
    assert_eq!(outcome, Outcome::Clear);
    let line = service.manager.set_cookie(&outcome).unwrap();
    assert!(line.starts_with("session=; "), "{line}");
    assert!(line.contains("Max-Age=0"), "{line}");
    assert_eq!(service.records(), 0);
    assert!(service.open(&old).is_new());
}

#[test]
fn destroying_an_unstored_session_makes_no_call() {
    let service = Service::new();
    let session = service.visit();
    session.put("a", 1).unwrap();
    session.destroy().unwrap();
    assert_eq!(
        service.commit(&session),
        Outcome::Keep,
        "there is no cookie"
    );
    assert_eq!(service.store.calls(), []);
}

/// Security checklist, statement 7: a notice after the logout does not keep the old session alive.
#[test]
fn s07_writes_after_destroy_start_a_new_session() {
    let verbs: [fn(&Session); 4] = [
        |session| session.put("cart", 1).unwrap(),
        |session| session.flash("notice", "bye").unwrap(),
        |session| drop(session.id().unwrap()),
        |session| session.regenerate().unwrap(),
    ];
    for verb in verbs {
        let service = Service::new();
        let old = service.login();
        let session = service.open(&old);
        session.destroy().unwrap();
        verb(&session);
        assert!(session.is_new());
        let new = token(&service.commit(&session));
        assert_ne!(id_of(&new), id_of(&old));
        assert!(service.open(&old).is_new());
        let next = service.open(&new);
        assert!(!next.is_new() && !next.has("user"));
        assert_eq!(service.records(), 1);
    }
}

#[test]
fn destroy_removes_the_old_record_before_the_new_one_is_stored() {
    let service = Service::new();
    let session = service.open(&service.login());
    session.destroy().unwrap();
    session.put("cart", 1).unwrap();
    service.store.calls();
    service.save(&session);
    assert_eq!(
        service.store.calls(),
        [Call::Load, Call::Destroy, Call::Save]
    );
}

#[test]
fn logout_succeeds_even_if_the_new_session_cannot_be_saved() {
    let service = Service::new();
    let old = service.login();
    let session = service.open(&old);
    session.destroy().unwrap();
    session.flash("notice", "bye").unwrap();
    service.store.fail(&[Call::Save]);
    assert!(pollster::block_on(service.manager.commit(&session)).is_err());
    assert!(service.open(&old).is_new());
}

#[test]
fn destroy_overrides_regenerate_in_the_same_request() {
    let service = Service::new();
    let old = service.login();
    let session = service.open(&old);
    session.regenerate().unwrap();
    session.put("a", 1).unwrap();
    session.destroy().unwrap();
    session.destroy().unwrap();
    assert_eq!(service.commit(&session), Outcome::Clear);
    assert_eq!(service.records(), 0);
}

/// Security checklist, statement 31: a flushed session keeps its id, and neither a record nor a
/// cookie without an id exists.
#[test]
fn s31_flush_never_creates_a_session_without_an_id() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.flush().unwrap();
    assert_eq!(session.id().unwrap().as_str(), id_of(&token));
    assert_eq!(id_of(&service.save(&session)), id_of(&token));
    assert!(service.stored("").is_none());
    let empty = session_core::KeyRing::new(crate::common::secret()).sign(String::new());
    assert!(service.open(&empty).is_new());
    assert!(service.open("").is_new());
}

/// Security checklist, statement 31, for the keys of the data.
#[test]
fn s31_flush_leaves_no_keys_behind() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.flush().unwrap();
    assert_eq!(session.get::<String>("user").unwrap(), None);
    service.save(&session);
    let next = service.open(&token);
    assert_eq!(next.get::<String>("user").unwrap(), None);
    assert_eq!(next.get::<String>("").unwrap(), None);
    assert!(!next.has("user") && !next.has(""));
    assert!(
        !next.is_new(),
        "flush clears the data but keeps the session"
    );
}
