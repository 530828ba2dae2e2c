//! Flash data, which the next request sees.

use session_core::{ErrorKind, Outcome};

use crate::common::{Service, id_of};

#[test]
fn flash_is_readable_on_the_next_request_only() {
    let service = Service::new();
    let token = service.request(|session| {
        session.flash("notice", "hi").unwrap();
        assert_eq!(session.get_flash::<String>("notice").unwrap(), None);
        assert!(!session.has_flash("notice"));
    });
    let next = service.open(&token);
    assert_eq!(next.get_flash::<String>("notice").unwrap().unwrap(), "hi");
    // Reading does not consume flash: a template may read it twice.
    assert_eq!(next.get_flash_or("notice", String::new()).unwrap(), "hi");
    service.commit(&next);
    assert!(service.open(&token).all_flash().is_empty());
}

#[test]
fn unread_flash_is_consumed_too() {
    let service = Service::new();
    let token = service.request(|session| session.flash("notice", "hi").unwrap());
    let next = service.open(&token);
    assert!(next.is_modified(), "the flash must be removed");
    service.commit(&next);
    assert!(
        service
            .stored(id_of(&token))
            .unwrap()
            .flash_next()
            .is_empty()
    );
}

#[test]
fn a_request_without_a_commit_keeps_the_flash() {
    let service = Service::new();
    let token = service.request(|session| session.flash("notice", "hi").unwrap());
    drop(service.open(&token));
    assert!(service.open(&token).has_flash("notice"));
}

#[test]
fn now_is_visible_in_this_request_only() {
    let service = Service::new();
    let session = service.visit();
    session.flash_now("notice", "here").unwrap();
    assert_eq!(
        session.get_flash::<String>("notice").unwrap().unwrap(),
        "here"
    );
    assert_eq!(session.all_flash().to_json(), r#"{"notice":"here"}"#);
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.records(), 0);
}

#[test]
fn now_hides_flash_with_the_same_name() {
    let service = Service::new();
    let token = service.request(|session| session.flash("n", 1).unwrap());
    let next = service.open(&token);
    next.flash_now("n", 2).unwrap();
    assert_eq!(next.get_flash::<u8>("n").unwrap(), Some(2));
    // Reflash does not carry it along: it applies to what the previous request flashed.
    next.reflash().unwrap();
    service.commit(&next);
    assert_eq!(service.open(&token).get_flash::<u8>("n").unwrap(), Some(1));
}

#[test]
fn reflash_keeps_all_flash_for_another_request() {
    let service = Service::new();
    let token = service.request(|session| {
        session.flash("a", 1).unwrap();
        session.flash("b", 2).unwrap();
    });
    let next = service.open(&token);
    next.reflash().unwrap();
    service.commit(&next);
    let third = service.open(&token);
    assert_eq!(third.all_flash().to_json(), r#"{"a":1,"b":2}"#);
    service.commit(&third);
    assert!(service.open(&token).all_flash().is_empty());
}

#[test]
fn keep_keeps_only_the_given_names() {
    let service = Service::new();
    let token = service.request(|session| {
        session.flash("a", 1).unwrap();
        session.flash("b", 2).unwrap();
    });
    let next = service.open(&token);
    next.keep(["b", "never flashed"]).unwrap();
    service.commit(&next);
    assert_eq!(service.open(&token).all_flash().to_json(), r#"{"b":2}"#);
}

#[test]
fn the_later_of_reflash_and_flash_wins() {
    let service = Service::new();
    let flashed = || service.request(|session| session.flash("n", "old").unwrap());
    let token = flashed();
    let next = service.open(&token);
    next.flash("n", "new").unwrap();
    next.reflash().unwrap();
    service.commit(&next);
    let found = service.open(&token).get_flash::<String>("n").unwrap();
    assert_eq!(found.unwrap(), "old", "as in @rudderjs/session");

    let token = flashed();
    let next = service.open(&token);
    next.reflash().unwrap();
    next.flash("n", "new").unwrap();
    service.commit(&next);
    let found = service.open(&token).get_flash::<String>("n").unwrap();
    assert_eq!(found.unwrap(), "new");
}

#[test]
fn flash_and_data_are_independent() {
    let service = Service::new();
    let token = service.request(|session| {
        session.put("n", "data").unwrap();
        session.flash("n", "flash").unwrap();
        session.flush().unwrap();
        session.forget("n").unwrap();
    });
    let next = service.open(&token);
    assert!(!next.has("n"));
    assert_eq!(next.get_flash::<String>("n").unwrap().unwrap(), "flash");
}

#[test]
fn flash_of_another_type_is_an_error_and_is_kept() {
    let service = Service::new();
    let token = service.request(|session| session.flash("n", "text").unwrap());
    let next = service.open(&token);
    let error = next.get_flash::<u8>("n").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the value of "n" is a string and cannot be read as u8"#
    );
    assert_eq!(
        next.get_flash_or("n", 7).unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert!(next.has_flash("n"));
}
