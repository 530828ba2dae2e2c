//! A new id at login, and the end at logout.

use session_core::{Outcome, Session};

use crate::common::{Op, Site, id_of, token};

/// security.md 6.
#[test]
fn s06_regenerate_changes_the_id_and_the_old_one_stops_working() {
    let site = Site::new();
    let old = site.request(|session| {
        session.put("cart", 3).unwrap();
        session.flash("notice", "hi").unwrap();
    });
    let session = site.open(&old);
    session.regenerate().unwrap();
    session.put("user", "ada").unwrap();
    assert!(session.is_modified());
    assert_ne!(session.id().unwrap().as_str(), id_of(&old));
    let new = site.save(&session);

    assert_ne!(id_of(&new), id_of(&old));
    assert_eq!(
        site.open(&new).all().to_json(),
        r#"{"cart":3,"user":"ada"}"#
    );
    assert!(!site.open(&new).has_flash("notice"), "flash ages as usual");
    assert!(site.open(&old).is_new());
    assert_eq!(site.store.len(), 1);
}

#[test]
fn regenerate_writes_the_new_record_before_it_removes_the_old() {
    let site = Site::new();
    let session = site.open(&site.login());
    session.regenerate().unwrap();
    site.store.calls();
    site.save(&session);
    assert_eq!(site.store.calls(), [Op::Save, Op::Retire]);
}

/// At no moment is the session under neither id.
#[test]
fn while_regenerate_is_under_way_the_old_id_still_works() {
    let site = Site::new();
    let old = site.login();
    let session = site.open(&old);
    session.regenerate().unwrap();
    let manager = site.manager.clone();
    site.store.before(Op::Retire, move || {
        let meanwhile = pollster::block_on(manager.open([&*old])).unwrap();
        assert_eq!(meanwhile.get::<String>("user").unwrap().unwrap(), "ada");
    });
    site.save(&session);
}

#[test]
fn a_driver_with_only_the_required_methods_regenerates_too() {
    let site = Site::plain(|builder| builder);
    let old = site.login();
    let session = site.open(&old);
    session.regenerate().unwrap();
    let new = site.save(&session);
    assert!(site.open(&old).is_new());
    assert_eq!(site.open(&new).all().to_json(), r#"{"user":"ada"}"#);
    assert_eq!(site.store.len(), 1);
}

#[test]
fn of_several_regenerations_in_one_request_the_last_id_counts() {
    let site = Site::new();
    let session = site.open(&site.login());
    session.regenerate().unwrap();
    let between = session.id().unwrap();
    session.regenerate().unwrap();
    let new = site.save(&session);
    assert_ne!(id_of(&new), between.as_str());
    assert_eq!(site.store.len(), 1);
}

/// security.md 7.
#[test]
fn s07_destroy_removes_the_record_and_the_cookie() {
    let site = Site::new();
    let old = site.request(|session| {
        session.put("user", "ada").unwrap();
        session.flash("notice", "hi").unwrap();
    });
    let session = site.open(&old);
    session.destroy().unwrap();
    // Here at once, also for the template that is rendered after it.
    assert!(session.all().is_empty() && session.all_flash().is_empty());
    assert_eq!(session.expires_at(), None);

    let outcome = site.commit(&session);
    assert_eq!(outcome, Outcome::Clear);
    let line = site.manager.set_cookie(&outcome).unwrap();
    assert!(line.starts_with("session=; "), "{line}");
    assert!(line.contains("Max-Age=0"), "{line}");
    assert_eq!(site.store.len(), 0);
    assert!(site.open(&old).is_new());
}

#[test]
fn destroying_a_session_that_was_never_stored_asks_no_store() {
    let site = Site::new();
    let session = site.visit();
    session.put("a", 1).unwrap();
    session.destroy().unwrap();
    assert_eq!(site.commit(&session), Outcome::Clear);
    assert_eq!(site.store.calls(), []);
}

/// security.md 7: a notice after the logout does not keep the old session alive.
#[test]
fn s07_what_is_written_after_destroy_belongs_to_a_new_session() {
    let verbs: [fn(&Session); 4] = [
        |session| session.put("cart", 1).unwrap(),
        |session| session.flash("notice", "bye").unwrap(),
        |session| drop(session.id().unwrap()),
        |session| session.regenerate().unwrap(),
    ];
    for verb in verbs {
        let site = Site::new();
        let old = site.login();
        let session = site.open(&old);
        session.destroy().unwrap();
        verb(&session);
        assert!(session.is_new());
        let new = token(&site.commit(&session));
        assert_ne!(id_of(&new), id_of(&old));
        assert!(site.open(&old).is_new());
        let next = site.open(&new);
        assert!(!next.is_new() && !next.has("user"));
        assert_eq!(site.store.len(), 1);
    }
}

#[test]
fn the_old_record_goes_before_the_new_one_comes() {
    let site = Site::new();
    let session = site.open(&site.login());
    session.destroy().unwrap();
    session.put("cart", 1).unwrap();
    site.store.calls();
    site.save(&session);
    assert_eq!(site.store.calls(), [Op::Destroy, Op::Save]);
}

#[test]
fn a_logout_counts_even_if_the_new_session_cannot_be_saved() {
    let site = Site::new();
    let old = site.login();
    let session = site.open(&old);
    session.destroy().unwrap();
    session.flash("notice", "bye").unwrap();
    site.store.fail(&[Op::Save]);
    assert!(pollster::block_on(site.manager.commit(&session)).is_err());
    assert!(site.open(&old).is_new());
}

#[test]
fn destroy_undoes_a_regenerate_of_the_same_request() {
    let site = Site::new();
    let old = site.login();
    let session = site.open(&old);
    session.regenerate().unwrap();
    session.put("a", 1).unwrap();
    session.destroy().unwrap();
    session.destroy().unwrap();
    assert_eq!(site.commit(&session), Outcome::Clear);
    assert_eq!(site.store.len(), 0);
}

/// security.md 31: flushed, a session still has its id; no record and no cookie without one come of it.
#[test]
fn s31_after_flush_there_is_no_session_without_an_id() {
    let site = Site::new();
    let token = site.login();
    let session = site.open(&token);
    session.flush().unwrap();
    assert_eq!(session.id().unwrap().as_str(), id_of(&token));
    assert_eq!(id_of(&site.save(&session)), id_of(&token));
    assert!(site.stored("").is_none());
    let empty = session_core::KeyRing::new(crate::common::secret()).sign(String::new());
    assert!(site.open(&empty).is_new());
    assert!(site.open("").is_new());
}

/// security.md 31, for the keys of the data.
#[test]
fn s31_after_flush_a_missing_key_is_missing() {
    let site = Site::new();
    let token = site.login();
    let session = site.open(&token);
    session.flush().unwrap();
    assert_eq!(session.get::<String>("user").unwrap(), None);
    site.save(&session);
    let next = site.open(&token);
    assert_eq!(next.get::<String>("user").unwrap(), None);
    assert_eq!(next.get::<String>("").unwrap(), None);
    assert!(!next.has("user") && !next.has(""));
    assert!(!next.is_new(), "flush ends the data and not the session");
}
