//! A session that would outgrow its driver.

use pollster::block_on;
use session_core::{Capacity, Error, ErrorKind, Session};

use crate::common::{Site, id_of};

type Verb = fn(&Session) -> Result<(), Error>;

/// A site whose records may have so many bytes more than that of `{"user":"ada"}`.
fn site_with_room(room: usize) -> (Site, String) {
    let site = Site::new();
    let token = site.login();
    let size = site.stored(id_of(&token)).unwrap().to_json().len();
    site.store.limit(size + room);
    (site, token)
}

fn assert_too_large(result: Result<(), Error>) {
    let kind = result.unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::TooLarge { .. }), "{kind:?}");
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let (site, token) = site_with_room(20);
    let session = site.open(&token);
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
    assert_eq!(site.commit(&session), session_core::Outcome::Keep);
}

#[test]
fn the_error_says_how_much_was_asked_and_how_much_fits() {
    let (site, token) = site_with_room(20);
    let stored = site.stored(id_of(&token)).unwrap().to_json().len();
    let session = site.open(&token);
    // `,"k":"…"` of 21 bytes: one too many.
    let value = "x".repeat(21 - r#","k":"""#.len());
    let error = session.put("k", &value).unwrap_err();
    let (size, limit) = (stored + 21, stored + 20);
    assert_eq!(error.kind(), ErrorKind::TooLarge { size, limit });
    session.put("k", &value[1..]).unwrap();
    site.save(&session);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.to_json().len(), limit, "to the last byte");
}

#[test]
fn reflash_and_keep_are_refused_whole() {
    let verbs: [Verb; 2] = [
        |session| session.reflash(),
        |session| session.keep(["notice"]),
    ];
    for verb in verbs {
        let site = Site::new();
        let token =
            site.request(|session| session.flash("notice", "twenty bytes of flash").unwrap());
        let size = site.stored(id_of(&token)).unwrap().to_json().len();
        site.store.limit(size + 10);
        let session = site.open(&token);
        session.put("k", "fits since the flash goes").unwrap();
        assert_too_large(verb(&session));
        assert!(session.has_flash("notice"), "this request still sees it");
        site.save(&session);
        let stored = site.stored(id_of(&token)).unwrap();
        assert_eq!(
            stored.data().to_json(),
            r#"{"k":"fits since the flash goes"}"#
        );
        assert!(stored.flash_next().is_empty());
    }
}

#[test]
fn a_session_that_is_too_large_can_be_made_smaller() {
    let (site, token) = site_with_room(0);
    let session = site.open(&token);
    session.put("user", "a").unwrap();
    session.forget("user").unwrap();
    session.put("name", "a").unwrap();
    site.save(&session);
}

/// Each fits alone; merged they do not. Nothing of the slower one is stored then.
#[test]
fn commit_refuses_what_a_merge_made_too_large() {
    let (site, token) = site_with_room(20);
    let [fast, slow] = [site.open(&token), site.open(&token)];
    fast.put("fast", "12345").unwrap();
    slow.put("slow", "12345").unwrap();
    site.save(&fast);
    assert_too_large(block_on(site.manager.commit(&slow)).map(drop));
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"fast":"12345","user":"ada"}"#);
}

/// The same with a new id: the half-made record is gone and the old session goes on.
#[test]
fn commit_refuses_a_regenerate_that_a_merge_made_too_large() {
    let (site, token) = site_with_room(20);
    let [fast, slow] = [site.open(&token), site.open(&token)];
    fast.put("fast", "12345").unwrap();
    slow.regenerate().unwrap();
    slow.put("slow", "12345").unwrap();
    site.save(&fast);
    assert_too_large(block_on(site.manager.commit(&slow)).map(drop));
    assert_eq!(site.store.len(), 1);
    let old = site.open(&token);
    assert_eq!(old.all().to_json(), r#"{"fast":"12345","user":"ada"}"#);
}

/// Flash that a merge carries along takes a note of where it is from, and that takes room too.
#[test]
fn what_a_merge_notes_about_flash_counts() {
    let (site, token) = site_with_room(r#""n":1"#.len());
    let [fast, slow] = [site.open(&token), site.open(&token)];
    fast.flash("n", 1).unwrap();
    slow.put("user", "bob").unwrap();
    site.save(&fast);
    assert_too_large(block_on(site.manager.commit(&slow)).map(drop));
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.data().to_json(), r#"{"user":"ada"}"#);
}

#[test]
fn commit_refuses_a_record_that_outgrew_a_limit_that_was_lowered() {
    let (site, token) = site_with_room(0);
    site.store.limit(10);
    let session = site.open(&token);
    session.forget("user").unwrap();
    assert_too_large(block_on(site.manager.commit(&session)).map(drop));
    assert!(site.stored(id_of(&token)).unwrap().data().contains("user"));
}

#[test]
fn an_unlimited_driver_takes_a_large_value() {
    let site = Site::new();
    let token = site.request(|session| session.put("k", "x".repeat(1 << 20)).unwrap());
    let found = site.open(&token).get::<String>("k").unwrap().unwrap();
    assert_eq!(found.len(), 1 << 20);
    assert!(matches!(
        session_core::Driver::capacity(&*site.store),
        Capacity::Unlimited
    ));
}
