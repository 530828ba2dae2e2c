//! When a visitor gets a session, and what costs the store nothing.

use session_core::{Establish, Outcome, Session};

use crate::common::{Op, Site, id_of, token};

/// security.md 30.
#[test]
fn s30_a_visitor_who_writes_nothing_gets_no_cookie_and_stores_nothing() {
    let site = Site::new();
    for _ in 0..100 {
        let session = site.visit();
        assert_eq!(session.get::<u8>("user").unwrap(), None);
        assert!(session.all().is_empty() && session.keys().is_empty());
        assert!(!session.has("user") && !session.has_flash("notice"));
        assert!(session.is_new() && !session.is_modified() && session.is_available());
        assert_eq!(session.expires_at(), None);
        assert_eq!(site.commit(&session), Outcome::Keep);
    }
    assert_eq!(site.store.calls(), []);
    assert_eq!(site.store.len(), 0);
}

/// security.md 30: what leaves nothing behind is not worth a record either.
#[test]
fn s30_taking_everything_back_leaves_nothing_to_store() {
    let site = Site::new();
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
        let session = site.visit();
        verb(&session);
        assert_eq!(site.commit(&session), Outcome::Keep);
    }
    assert_eq!(site.store.calls(), []);
}

#[test]
fn each_write_establishes_the_session() {
    let site = Site::new();
    let verbs: [fn(&Session); 4] = [
        |session| session.put("a", 1).unwrap(),
        |session| assert_eq!(session.update("a", 0, |n: u8| n + 1).unwrap(), 1),
        |session| session.flash("a", 1).unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    for (n, verb) in verbs.into_iter().enumerate() {
        let session = site.visit();
        verb(&session);
        assert!(session.is_new() && session.is_modified());
        let token = site.save(&session);
        assert_eq!(site.store.len(), n + 1);
        assert!(!site.open(&token).is_new());
    }
}

#[test]
fn asking_for_the_id_establishes_the_session() {
    let site = Site::new();
    let session = site.visit();
    let id = session.id().unwrap();
    assert_eq!(session.id().unwrap(), id, "and it stays the same");
    let token = site.save(&session);
    assert_eq!(id_of(&token), id.as_str());
    assert_eq!(site.open(&token).id().unwrap(), id);
}

#[test]
fn establish_always_gives_every_visitor_a_session_as_the_seed_does() {
    let site = Site::with(|builder| builder.establish(Establish::Always));
    let session = site.visit();
    assert!(session.is_new());
    let cookie = token(&site.commit(&session));
    assert_eq!(site.store.len(), 1);
    // From then on it is an ordinary session that is not modified.
    let next = site.open(&cookie);
    assert!(!next.is_new());
    assert_eq!(site.commit(&next), Outcome::Keep);
}

#[test]
fn establish_always_gives_none_to_who_just_logged_out() {
    let site = Site::with(|builder| builder.establish(Establish::Always));
    let session = site.open(&site.login());
    session.destroy().unwrap();
    assert_eq!(site.commit(&session), Outcome::Clear);
    assert_eq!(site.store.len(), 0);
}

#[test]
fn an_unmodified_session_is_loaded_once_and_not_written() {
    let site = Site::new();
    let token = site.login();
    site.store.calls();
    let session = site.open(&token);
    assert_eq!(session.get::<String>("user").unwrap().unwrap(), "ada");
    session.id().unwrap();
    session.flash_now("notice", "hi").unwrap();
    session.reflash().unwrap();
    assert!(!session.is_new() && !session.is_modified());
    assert_eq!(site.commit(&session), Outcome::Keep);
    assert_eq!(site.store.calls(), [Op::Load]);
}

#[test]
fn a_write_is_one_load_and_one_save() {
    let site = Site::new();
    let token = site.login();
    site.store.calls();
    let session = site.open(&token);
    session.put("a", 1).unwrap();
    session.put("b", 2).unwrap();
    site.save(&session);
    assert_eq!(site.store.calls(), [Op::Load, Op::Save]);
}
