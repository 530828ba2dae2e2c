//! Sessions after the commit: they can be read but no longer written.

use session_core::{ErrorKind, Outcome};

use crate::common::{Call, Service};

#[test]
fn a_committed_session_can_be_read_but_not_written() {
    let service = Service::new();
    let session = service.open(&service.request(|session| {
        session.put("user", "ada").unwrap();
        session.flash("notice", "hi").unwrap();
    }));
    session.put("a", 1).unwrap();
    let id = session.id().unwrap();
    service.save(&session);

    let closed = |error: session_core::Error| assert_eq!(error.kind(), ErrorKind::Closed);
    closed(session.put("a", 2).unwrap_err());
    closed(session.pull::<u8>("a").unwrap_err());
    closed(session.forget("a").unwrap_err());
    closed(session.flush().unwrap_err());
    closed(session.update("a", 0, |n: u8| n + 1).unwrap_err());
    closed(session.flash("f", 1).unwrap_err());
    closed(session.reflash().unwrap_err());
    closed(session.keep(["notice"]).unwrap_err());
    closed(session.regenerate().unwrap_err());
    closed(session.destroy().unwrap_err());

    assert_eq!(session.get::<u8>("a").unwrap(), Some(1));
    assert_eq!(session.all().to_json(), r#"{"a":1,"user":"ada"}"#);
    assert_eq!(
        session.get_flash::<String>("notice").unwrap().unwrap(),
        "hi"
    );
    assert_eq!(session.id().unwrap(), id);
    assert!(session.is_available());
}

#[test]
fn a_committed_visitor_without_a_session_has_no_id() {
    let service = Service::new();
    let session = service.visit();
    service.commit(&session);
    assert_eq!(session.id().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn committing_twice_saves_once() {
    let service = Service::new();
    let session = service.visit();
    session.put("a", 1).unwrap();
    service.save(&session);
    assert_eq!(service.store.calls(), [Call::Save]);
    // Clones share the session, so this is its second commit.
    assert_eq!(service.commit(&session.clone()), Outcome::Keep);
    assert_eq!(service.store.calls(), []);
}
