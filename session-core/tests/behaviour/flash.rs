//! Flash is for the next request.

use session_core::{ErrorKind, Outcome};

use crate::common::{Site, id_of};

#[test]
fn flash_is_readable_on_the_next_request_only() {
    let site = Site::new();
    let token = site.request(|session| {
        session.flash("notice", "hi").unwrap();
        assert_eq!(session.get_flash::<String>("notice").unwrap(), None);
        assert!(!session.has_flash("notice"));
    });
    let next = site.open(&token);
    assert_eq!(next.get_flash::<String>("notice").unwrap().unwrap(), "hi");
    // Reading does not consume: the request's template may read it twice.
    assert_eq!(next.get_flash_or("notice", String::new()).unwrap(), "hi");
    site.commit(&next);
    assert!(site.open(&token).all_flash().is_empty());
}

#[test]
fn flash_is_gone_after_the_next_request_also_if_nobody_read_it() {
    let site = Site::new();
    let token = site.request(|session| session.flash("notice", "hi").unwrap());
    let next = site.open(&token);
    assert!(next.is_modified(), "what was shown must go");
    assert!(matches!(site.commit(&next), Outcome::Set(_)));
    assert!(site.stored(id_of(&token)).unwrap().flash_next().is_empty());
}

#[test]
fn a_request_that_failed_to_commit_leaves_the_flash_for_the_next() {
    let site = Site::new();
    let token = site.request(|session| session.flash("notice", "hi").unwrap());
    drop(site.open(&token));
    assert!(site.open(&token).has_flash("notice"));
}

#[test]
fn now_is_for_this_request_and_stores_nothing() {
    let site = Site::new();
    let session = site.visit();
    session.flash_now("notice", "here").unwrap();
    assert_eq!(
        session.get_flash::<String>("notice").unwrap().unwrap(),
        "here"
    );
    assert_eq!(session.all_flash().to_json(), r#"{"notice":"here"}"#);
    assert_eq!(site.commit(&session), Outcome::Keep);
    assert_eq!(site.store.len(), 0);
}

#[test]
fn now_hides_what_was_flashed_under_the_same_name() {
    let site = Site::new();
    let token = site.request(|session| session.flash("n", 1).unwrap());
    let next = site.open(&token);
    next.flash_now("n", 2).unwrap();
    assert_eq!(next.get_flash::<u8>("n").unwrap(), Some(2));
    // It is not carried on by reflash: that is about what the previous request flashed.
    next.reflash().unwrap();
    site.commit(&next);
    assert_eq!(site.open(&token).get_flash::<u8>("n").unwrap(), Some(1));
}

#[test]
fn reflash_carries_everything_one_request_further() {
    let site = Site::new();
    let token = site.request(|session| {
        session.flash("a", 1).unwrap();
        session.flash("b", 2).unwrap();
    });
    let next = site.open(&token);
    next.reflash().unwrap();
    site.commit(&next);
    let third = site.open(&token);
    assert_eq!(third.all_flash().to_json(), r#"{"a":1,"b":2}"#);
    site.commit(&third);
    assert!(site.open(&token).all_flash().is_empty());
}

#[test]
fn keep_carries_the_named_ones_only() {
    let site = Site::new();
    let token = site.request(|session| {
        session.flash("a", 1).unwrap();
        session.flash("b", 2).unwrap();
    });
    let next = site.open(&token);
    next.keep(["b", "never flashed"]).unwrap();
    site.commit(&next);
    assert_eq!(site.open(&token).all_flash().to_json(), r#"{"b":2}"#);
}

#[test]
fn of_reflash_and_flash_the_later_wins() {
    let site = Site::new();
    let flashed = || site.request(|session| session.flash("n", "old").unwrap());
    let token = flashed();
    let next = site.open(&token);
    next.flash("n", "new").unwrap();
    next.reflash().unwrap();
    site.commit(&next);
    let found = site.open(&token).get_flash::<String>("n").unwrap();
    assert_eq!(found.unwrap(), "old", "as in the seed");

    let token = flashed();
    let next = site.open(&token);
    next.reflash().unwrap();
    next.flash("n", "new").unwrap();
    site.commit(&next);
    let found = site.open(&token).get_flash::<String>("n").unwrap();
    assert_eq!(found.unwrap(), "new");
}

#[test]
fn flash_and_data_do_not_touch_each_other() {
    let site = Site::new();
    let token = site.request(|session| {
        session.put("n", "data").unwrap();
        session.flash("n", "flash").unwrap();
        session.flush().unwrap();
        session.forget("n").unwrap();
    });
    let next = site.open(&token);
    assert!(!next.has("n"));
    assert_eq!(next.get_flash::<String>("n").unwrap().unwrap(), "flash");
}

#[test]
fn flash_of_another_type_is_an_error_and_stays() {
    let site = Site::new();
    let token = site.request(|session| session.flash("n", "text").unwrap());
    let next = site.open(&token);
    let error = next.get_flash::<u8>("n").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the value of "n" is not of the requested type"#
    );
    assert_eq!(
        next.get_flash_or("n", 7).unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert!(next.has_flash("n"));
}
