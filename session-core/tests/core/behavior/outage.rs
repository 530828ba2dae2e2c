//! An unavailable store.

use pollster::block_on;
use session_core::{Error, ErrorKind, OnOutage, Outcome, Session};

use crate::common::{Call, Service, id_of};

type Verb = fn(&Session) -> Result<(), Error>;

const WRITES: [Verb; 11] = [
    |session| session.put("a", 1),
    |session| session.pull::<u8>("a").map(drop),
    |session| session.forget("a").map(drop),
    |session| session.flush(),
    |session| session.update("a", 0, |n: u8| n + 1).map(drop),
    |session| session.flash("a", 1),
    |session| session.reflash(),
    |session| session.keep(["a"]),
    |session| session.id().map(drop),
    |session| session.regenerate(),
    |session| session.destroy(),
];

#[test]
fn without_the_store_a_session_reads_as_empty_and_refuses_writes() {
    let service = Service::new();
    let token = service.login();
    service.store.fail(&[Call::Load]);
    let session = service.open(&token);
    assert!(!session.is_available() && !session.is_modified());
    assert_eq!(session.get::<String>("user").unwrap(), None);
    assert!(session.all().is_empty() && session.all_flash().is_empty());
    for write in WRITES {
        assert_eq!(write(&session).unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert!(session.all().is_empty());
}

#[test]
fn nothing_is_saved_even_if_the_store_recovers_before_the_commit() {
    let service = Service::new();
    let token = service.login();
    service.store.fail(&[Call::Load]);
    let session = service.open(&token);
    let _ = session.put("user", "eve");
    service.store.fail(&[]);
    service.store.calls();
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.store.calls(), []);
    // The client keeps its cookie, which still identifies its session.
    let user = service.open(&token).get::<String>("user").unwrap();
    assert_eq!(user.unwrap(), "ada");
    assert_eq!(service.records(), 1);
}

#[test]
fn a_visitor_without_a_cookie_does_not_need_the_store() {
    let service = Service::new();
    service.store.fail(&[Call::Load]);
    let session = service.visit();
    assert!(session.is_available());
    assert_eq!(service.commit(&session), Outcome::Keep);
}

#[test]
fn on_outage_refuse_makes_open_fail() {
    let service = Service::with(|builder| builder.on_outage(OnOutage::Refuse));
    let token = service.login();
    service.store.fail(&[Call::Load]);
    let error = block_on(service.manager.open([&*token])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.to_string(), "the session store is unavailable");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "connection refused");
}

/// The first cookie might be the right one.
#[test]
fn an_outage_does_not_make_the_next_cookie_count() {
    let service = Service::new();
    let [first, second] = [service.login(), service.login()];
    service.store.fail(&[Call::Load]);
    service.store.calls();
    let session = block_on(service.manager.open([&*first, &second])).unwrap();
    assert!(!session.is_available());
    assert_eq!(service.store.calls(), [Call::Load]);
}

#[test]
fn a_failed_save_is_an_error_and_stores_nothing() {
    let service = Service::new();
    service.store.fail(&[Call::Save]);
    let session = service.visit();
    session.put("a", 1).unwrap();
    let error = block_on(service.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(service.records(), 0);

    service.store.fail(&[]);
    let token = service.login();
    service.store.fail(&[Call::Save]);
    let session = service.open(&token);
    session.put("user", "eve").unwrap();
    assert!(block_on(service.manager.commit(&session)).is_err());
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn a_failed_logout_is_an_error_and_keeps_the_cookie() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.destroy().unwrap();
    service.store.fail(&[Call::Destroy]);
    let error = block_on(service.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(service.stored(id_of(&token)).is_some());
}

#[test]
fn a_failed_renewal_is_an_error_and_keeps_the_record() {
    let service = Service::with(|builder| builder.absolute_lifetime(20 * crate::common::HOUR));
    let token = service.login();
    service.clock.advance(crate::common::LIFETIME * 2 / 3);
    let session = service.open(&token);
    service.store.fail(&[Call::Touch]);
    assert!(block_on(service.manager.commit(&session)).is_err());
    assert!(service.stored(id_of(&token)).is_some());
}

/// Security checklist, statement 6: the new id is not issued while the old one still works.
#[test]
fn s06_regenerate_fails_if_the_old_record_cannot_be_replaced() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.regenerate().unwrap();
    session.put("admin", true).unwrap();
    let new = session.id().unwrap();
    service.store.fail(&[Call::Move]);
    let error = block_on(service.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        service.stored(new.as_str()),
        None,
        "no client knows the new record"
    );
    let old = service.open(&token);
    assert_eq!(old.all().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn a_failed_regenerate_reports_its_first_error() {
    let service = Service::new();
    let session = service.open(&service.login());
    session.regenerate().unwrap();
    service.store.fail(&[Call::Move, Call::Destroy]);
    let error = block_on(service.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
