//! Login, logout and two requests at once, where the browser holds the only copy.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{CookieOptions, Driver as _, ErrorKind, Outcome, SameSite, SessionManager};

use crate::common::{
    attributes, builder, clock, commit, keys, minutes, open, payload, save, sign, token, visit,
};
use crate::{SECRET, START, manager};

fn begin(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", 42).unwrap();
    save(manager, &session)
}

#[test]
fn the_driver_says_that_it_cannot_revoke() {
    assert!(!CookieDriver.can_revoke());
    assert!(!manager(&clock(START)).can_revoke());
}

/// security.md 6, as far as a cookie can go: the id is another one, and the client's cookie is replaced.
#[test]
fn s06_regenerate_changes_the_id_and_keeps_the_data() {
    let manager = manager(&clock(START));
    let session = visit(&manager);
    session.put("cart", ["A-1"]).unwrap();
    session.flash("notice", "hi").unwrap();
    let old = save(&manager, &session);

    let session = open(&manager, &old);
    let before = session.id().unwrap();
    session.regenerate().unwrap();
    session.put("user", 42).unwrap();
    session.flash("welcome", true).unwrap();
    let after = session.id().unwrap();
    assert_ne!(after, before);
    let new = save(&manager, &session);
    assert_eq!(
        payload(&new),
        format!(
            r#"{{"id":"{}","data":{{"cart":["A-1"],"user":42}},"flash_next":{{"welcome":true}},"exp":1700007200000}}"#,
            after.as_str()
        )
    );
    assert_eq!(open(&manager, &new).id().unwrap(), after);
}

/// Security.md 6 and 7 need a store. This crate's page says so; this test is that sentence.
#[test]
fn a_copy_of_the_cookie_from_before_a_logout_or_regenerate_opens_until_it_expires() {
    let clock = clock(START);
    let manager = manager(&clock);
    let old = begin(&manager);
    let session = open(&manager, &old);
    session.regenerate().unwrap();
    save(&manager, &session);
    let session = open(&manager, &old);
    session.destroy().unwrap();
    assert_eq!(commit(&manager, &session), Outcome::Clear);

    clock.advance(minutes(119));
    assert_eq!(open(&manager, &old).get("user").unwrap(), Some(42));
    clock.advance(minutes(1));
    assert!(open(&manager, &old).is_new());
}

/// security.md 7 and 16.
#[test]
fn s07_s16_destroy_removes_the_cookie_with_every_attribute_it_was_set_with() {
    let base = || CookieOptions::default().name("id");
    let options = [
        base(),
        base().persistent(false),
        base().secure(false).http_only(false),
        base().same_site(SameSite::Strict).path("/app"),
        base()
            .domain("example.com")
            .same_site(SameSite::None)
            .partitioned(true),
        base().name("__Host-id").partitioned(true),
    ];
    for options in options {
        let manager = builder(keys(SECRET), &clock(START))
            .cookie(options.clone())
            .build()
            .unwrap();
        let session = visit(&manager);
        session.put("user", 42).unwrap();
        let set = commit(&manager, &session);
        let session = open(&manager, &token(&set));
        session.destroy().unwrap();
        assert!(session.all().is_empty(), "gone at once");
        let clear = commit(&manager, &session);
        assert_eq!(clear, Outcome::Clear);

        let line = manager.set_cookie(&clear).unwrap();
        let name = format!("{}=;", manager.cookie_name());
        assert!(line.starts_with(&name), "{line}");
        let mut expected = attributes(&manager.set_cookie(&set).unwrap());
        expected.retain(|attribute| !attribute.starts_with("max-age="));
        expected.insert("max-age=0".to_owned());
        expected.insert("expires=thu, 01 jan 1970 00:00:00 gmt".to_owned());
        assert_eq!(attributes(&line), expected, "{options:?}");
    }
}

#[test]
fn what_is_put_after_a_logout_belongs_to_a_new_session() {
    let manager = manager(&clock(START));
    let old = begin(&manager);
    let session = open(&manager, &old);
    let before = session.id().unwrap();
    session.destroy().unwrap();
    session.flash("notice", "bye").unwrap();
    let new = save(&manager, &session);
    let session = open(&manager, &new);
    assert_ne!(session.id().unwrap(), before);
    assert!(session.all().is_empty());
    assert_eq!(session.get_flash("notice").unwrap(), Some("bye".to_owned()));
}

#[test]
fn of_two_requests_at_once_the_last_cookie_counts_whole() {
    let manager = manager(&clock(START));
    let cookie = begin(&manager);
    let (one, two) = (open(&manager, &cookie), open(&manager, &cookie));
    one.put("one", 1).unwrap();
    two.put("two", 2).unwrap();
    save(&manager, &one);
    let last = open(&manager, &save(&manager, &two));
    assert_eq!(
        last.keys(),
        ["two", "user"],
        "there is nothing to merge with"
    );
}

#[test]
fn a_session_that_was_only_read_sets_no_cookie() {
    let manager = manager(&clock(START));
    let session = open(&manager, &begin(&manager));
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert!(!session.has("toString") && !session.has("__proto__"));
    assert_eq!(commit(&manager, &session), Outcome::Keep);
    assert_eq!(
        session.put("late", 1).unwrap_err().kind(),
        ErrorKind::Closed
    );
}

/// security.md 22.
#[test]
fn s22_a_forged_expired_or_empty_duplicate_changes_nothing() {
    let manager = manager(&clock(START));
    let good = begin(&manager);
    let expired = sign(&keys(SECRET), r#"{"id":"old","data":{"user":1},"exp":1}"#);
    let undated = sign(&keys(SECRET), r#"{"id":"old","data":{"user":2}}"#);
    let no_record = sign(&keys(SECRET), "[]");
    let forged = format!("{}x", &good[..good.len() - 1]);
    let bad = [expired, undated, no_record, forged, String::new()];
    for at in 0..=bad.len() {
        let mut tokens: Vec<&str> = bad.iter().map(String::as_str).collect();
        tokens.insert(at, &good);
        let session = block_on(manager.open(tokens)).unwrap();
        assert_eq!(session.get("user").unwrap(), Some(42), "at {at}");
    }
    let session = block_on(manager.open(bad.iter().map(String::as_str))).unwrap();
    assert!(session.is_new());
}

/// security.md 26: here the token is not only the key to the data, it is the data.
#[test]
fn s26_debug_shows_neither_token_nor_data() {
    let manager = manager(&clock(START));
    let session = visit(&manager);
    session.put("user", "Ada Lovelace").unwrap();
    let outcome = commit(&manager, &session);
    let token = token(&outcome);
    let shown = format!("{session:?} {outcome:?} {manager:?} {CookieDriver:?}");
    let (payload, signature) = token.split_once('.').unwrap();
    for hidden in ["Ada Lovelace", payload, signature, SECRET] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("CookieDriver"));
}
