//! After the commit: reading goes on, writing is over.

use session_core::{ErrorKind, Outcome};

use crate::common::{Op, Site};

#[test]
fn after_the_commit_every_write_is_refused_and_reading_works() {
    let site = Site::new();
    let session = site.open(&site.request(|session| {
        session.put("user", "ada").unwrap();
        session.flash("notice", "hi").unwrap();
    }));
    session.put("a", 1).unwrap();
    let id = session.id().unwrap();
    site.save(&session);

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
fn the_id_of_a_visitor_who_got_no_session_cannot_be_asked_for_too_late() {
    let site = Site::new();
    let session = site.visit();
    site.commit(&session);
    assert_eq!(session.id().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn committing_twice_saves_once() {
    let site = Site::new();
    let session = site.visit();
    session.put("a", 1).unwrap();
    site.save(&session);
    assert_eq!(site.store.calls(), [Op::Save]);
    // Clones are the same session, so theirs is the second commit too.
    assert_eq!(site.commit(&session.clone()), Outcome::Keep);
    assert_eq!(site.store.calls(), []);
}
