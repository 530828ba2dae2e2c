//! Login, logout and simultaneous requests, where the browser holds the only copy.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{
    CookieOptions, Driver as _, ErrorKind, Outcome, SameSite, Secret, SessionManager,
};
use test_support::vectors::attributes;

use crate::common::{builder, clock, commit, keys, minutes, open, payload, save, token, visit};
use crate::{OTHER, SECRET, START, manager};

fn begin(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", 42).unwrap();
    save(manager, &session)
}

#[test]
fn the_driver_cannot_revoke() {
    assert!(!CookieDriver.can_revoke());
    assert!(!manager(&clock(START)).can_revoke());
}

/// Security checklist, statements 6 and 7 require a store. The crate's documentation states this
/// limit.
#[test]
fn an_old_copy_of_the_cookie_is_valid_until_it_expires() {
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

/// Security checklist, statements 7 and 16.
#[test]
fn s07_s16_destroy_removes_the_cookie_with_all_its_attributes() {
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
        assert!(session.all().is_empty(), "the data is gone at once");
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
fn the_last_of_two_overlapping_responses_wins() {
    let manager = manager(&clock(START));
    let cookie = begin(&manager);
    let (one, two) = (open(&manager, &cookie), open(&manager, &cookie));
    one.put("one", 1).unwrap();
    two.put("two", 2).unwrap();
    save(&manager, &one);
    let last = open(&manager, &save(&manager, &two));
    assert_eq!(last.keys(), ["two", "user"], "nothing is merged");
}

#[test]
fn a_cookie_with_an_old_key_is_reissued_with_the_new_one() {
    let clock = clock(START);
    let old = begin(&manager(&clock));
    let ring = keys(OTHER).with_previous(Secret::new(SECRET).unwrap());
    let rotated = builder(ring, &clock).build().unwrap();

    // In the first tenth of its lifetime, reissuing does not renew it.
    clock.advance(minutes(5));
    let session = open(&rotated, &old);
    assert_eq!(session.get("user").unwrap(), Some(42));
    let outcome = commit(&rotated, &session);
    let new = token(&outcome);
    assert_eq!(payload(&new), payload(&old));
    assert_ne!(new, old);
    let line = rotated.set_cookie(&outcome).unwrap();
    assert!(
        attributes(&line).contains("max-age=6900"),
        "the remaining lifetime: {line}"
    );

    // Without the old secret, the new cookie is valid and not reissued again.
    let later = builder(keys(OTHER), &clock).build().unwrap();
    let session = open(&later, &new);
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert_eq!(commit(&later, &session), Outcome::Keep);
}

#[test]
fn only_the_response_saves_a_session_that_is_in_the_cookie() {
    let manager = manager(&clock(START));
    let session = visit(&manager);
    session.put("a", 1).unwrap();
    block_on(session.save()).unwrap();
    session.put("b", 2).unwrap();
    assert!(block_on(session.reload()).unwrap());
    let token = save(&manager, &session);
    assert_eq!(open(&manager, &token).all().to_json(), r#"{"a":1,"b":2}"#);
    let error = block_on(session.save()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(session.put("c", 3).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_remembered_session_ends_when_its_own_lifetime_does() {
    let clock = clock(START);
    let manager = manager(&clock);
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    session.remember_for(minutes(60 * 24)).unwrap();
    let outcome = commit(&manager, &session);
    let line = manager.set_cookie(&outcome).unwrap();
    assert!(attributes(&line).contains("max-age=86400"));
    let token = token(&outcome);
    assert!(payload(&token).contains(r#""remember":86400000"#));
    clock.advance(minutes(60 * 24 - 1));
    assert_eq!(open(&manager, &token).get("user").unwrap(), Some(42));
    clock.advance(minutes(1));
    assert!(open(&manager, &token).is_new());
}
