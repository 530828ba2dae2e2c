//! A store that does not answer.

use pollster::block_on;
use session_core::{Error, ErrorKind, OnOutage, Outcome, Session};

use crate::common::{Op, Site, id_of};

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
fn with_the_store_down_a_session_reads_as_empty_and_every_write_is_refused() {
    let site = Site::new();
    let token = site.login();
    site.store.fail(&[Op::Load]);
    let session = site.open(&token);
    assert!(!session.is_available() && !session.is_modified());
    assert_eq!(session.get::<String>("user").unwrap(), None);
    assert!(session.all().is_empty() && session.all_flash().is_empty());
    for write in WRITES {
        assert_eq!(write(&session).unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert!(session.all().is_empty());
}

#[test]
fn nothing_is_saved_even_if_the_store_is_back_by_then() {
    let site = Site::new();
    let token = site.login();
    site.store.fail(&[Op::Load]);
    let session = site.open(&token);
    let _ = session.put("user", "eve");
    site.store.fail(&[]);
    site.store.calls();
    assert_eq!(site.commit(&session), Outcome::Keep);
    assert_eq!(site.store.calls(), []);
    // The client kept its cookie, and with the store back it stands for what it stood for.
    let user = site.open(&token).get::<String>("user").unwrap();
    assert_eq!(user.unwrap(), "ada");
    assert_eq!(site.store.len(), 1);
}

#[test]
fn a_visitor_without_a_cookie_does_not_need_the_store() {
    let site = Site::new();
    site.store.fail(&[Op::Load]);
    let session = site.visit();
    assert!(session.is_available());
    assert_eq!(site.commit(&session), Outcome::Keep);
}

#[test]
fn with_on_outage_refuse_opening_is_the_error() {
    let site = Site::with(|builder| builder.on_outage(OnOutage::Refuse));
    let token = site.login();
    site.store.fail(&[Op::Load]);
    let error = block_on(site.manager.open([&*token])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.to_string(), "the session store is unavailable");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "connection refused");
}

/// The second cookie might stand for a session, but the first one might as well.
#[test]
fn an_outage_is_not_skipped_for_the_next_cookie() {
    let site = Site::new();
    let [first, second] = [site.login(), site.login()];
    site.store.fail(&[Op::Load]);
    site.store.calls();
    let session = block_on(site.manager.open([&*first, &second])).unwrap();
    assert!(!session.is_available());
    assert_eq!(site.store.calls(), [Op::Load]);
}

#[test]
fn a_save_that_failed_is_an_error_and_stores_nothing() {
    let site = Site::new();
    site.store.fail(&[Op::Save]);
    let session = site.visit();
    session.put("a", 1).unwrap();
    let error = block_on(site.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(site.store.len(), 0);

    site.store.fail(&[]);
    let token = site.login();
    site.store.fail(&[Op::Save]);
    let session = site.open(&token);
    session.put("user", "eve").unwrap();
    assert!(block_on(site.manager.commit(&session)).is_err());
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn a_logout_that_failed_is_an_error_and_does_not_clear_the_cookie() {
    let site = Site::new();
    let token = site.login();
    let session = site.open(&token);
    session.destroy().unwrap();
    site.store.fail(&[Op::Destroy]);
    let error = block_on(site.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(site.stored(id_of(&token)).is_some());
}

#[test]
fn a_renewal_that_failed_is_an_error_and_keeps_the_record() {
    let site = Site::with(|builder| builder.absolute_lifetime(20 * crate::common::HOUR));
    let token = site.login();
    site.clock.advance(crate::common::LIFETIME * 2 / 3);
    let session = site.open(&token);
    site.store.fail(&[Op::Touch]);
    assert!(block_on(site.manager.commit(&session)).is_err());
    assert!(site.stored(id_of(&token)).is_some());
}

/// security.md 6: the new id is not given out while the old one still works.
#[test]
fn s06_when_the_old_record_cannot_be_removed_regenerate_is_an_error_and_the_old_session_goes_on() {
    let site = Site::new();
    let token = site.login();
    let session = site.open(&token);
    session.regenerate().unwrap();
    session.put("admin", true).unwrap();
    let new = session.id().unwrap();
    site.store.fail(&[Op::Retire]);
    let error = block_on(site.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        site.stored(new.as_str()),
        None,
        "the new one was shown to nobody"
    );
    let old = site.open(&token);
    assert_eq!(old.all().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn when_nothing_works_after_the_new_record_the_first_failure_is_told() {
    let site = Site::new();
    let session = site.open(&site.login());
    session.regenerate().unwrap();
    site.store.fail(&[Op::Retire, Op::Destroy]);
    let error = block_on(site.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
