//! When a visitor gets a session, and which requests make no call to the store.

use session_core::{Establish, Outcome, Session};

use crate::common::{Call, Service, id_of, token};

/// Security checklist, statement 30.
#[test]
fn s30_reading_creates_no_session() {
    let service = Service::new();
    for _ in 0..100 {
        let session = service.visit();
        assert_eq!(session.get::<u8>("user").unwrap(), None);
        assert!(session.all().is_empty() && session.keys().is_empty());
        assert!(!session.has("user") && !session.has_flash("notice"));
        assert!(session.is_new() && !session.is_modified() && session.is_available());
        assert_eq!(session.expires_at(), None);
        assert_eq!(service.commit(&session), Outcome::Keep);
    }
    assert_eq!(service.store.calls(), []);
    assert_eq!(service.records(), 0);
}

/// Security checklist, statement 30: changes that cancel out create no session either.
#[test]
fn s30_changes_that_cancel_out_create_no_session() {
    let service = Service::new();
    let verbs: [fn(&Session); 6] = [
        |session| assert!(!session.forget("a").unwrap()),
        |session| assert_eq!(session.pull::<u8>("a").unwrap(), None),
        |session| session.flush().unwrap(),
        |session| session.reflash().unwrap(),
        |session| session.keep(["a"]).unwrap(),
        |session| {
            session.put("a", 1).unwrap();
            session.flush().unwrap();
        },
    ];
    for verb in verbs {
        let session = service.visit();
        verb(&session);
        assert_eq!(service.commit(&session), Outcome::Keep);
    }
    assert_eq!(service.store.calls(), []);
}

#[test]
fn every_write_creates_a_session() {
    let service = Service::new();
    let verbs: [fn(&Session); 4] = [
        |session| session.put("a", 1).unwrap(),
        |session| assert_eq!(session.update("a", 0, |n: u8| n + 1).unwrap(), 1),
        |session| session.flash("a", 1).unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    for (n, verb) in verbs.into_iter().enumerate() {
        let session = service.visit();
        verb(&session);
        assert!(session.is_new() && session.is_modified());
        let token = service.save(&session);
        assert_eq!(service.records(), n + 1);
        assert!(!service.open(&token).is_new());
    }
}

#[test]
fn asking_for_the_id_creates_a_session() {
    let service = Service::new();
    let session = service.visit();
    let id = session.id().unwrap();
    assert_eq!(session.id().unwrap(), id, "the id is stable");
    let token = service.save(&session);
    assert_eq!(id_of(&token), id.as_str());
    assert_eq!(service.open(&token).id().unwrap(), id);
}

#[test]
fn establish_always_creates_a_session_for_every_visitor() {
    let service = Service::with(|builder| builder.establish(Establish::Always));
    let session = service.visit();
    assert!(session.is_new());
    let cookie = token(&service.commit(&session));
    assert_eq!(service.records(), 1);
    // From then on, it is an ordinary unmodified session.
    let next = service.open(&cookie);
    assert!(!next.is_new());
    assert_eq!(service.commit(&next), Outcome::Keep);
}

#[test]
fn establish_always_creates_no_session_after_a_logout() {
    let service = Service::with(|builder| builder.establish(Establish::Always));
    let session = service.open(&service.login());
    session.destroy().unwrap();
    assert_eq!(service.commit(&session), Outcome::Clear);
    assert_eq!(service.records(), 0);
}

#[test]
fn an_unmodified_session_costs_one_load() {
    let service = Service::new();
    let token = service.login();
    service.store.calls();
    let session = service.open(&token);
    assert_eq!(session.get::<String>("user").unwrap().unwrap(), "ada");
    session.id().unwrap();
    session.flash_now("notice", "hi").unwrap();
    session.reflash().unwrap();
    assert!(!session.is_new() && !session.is_modified());
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.store.calls(), [Call::Load]);
}

#[test]
fn a_write_costs_one_load_and_one_save() {
    let service = Service::new();
    let token = service.login();
    service.store.calls();
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    session.put("b", 2).unwrap();
    service.save(&session);
    assert_eq!(service.store.calls(), [Call::Load, Call::Save]);
}
