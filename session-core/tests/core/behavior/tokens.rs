//! The cookies that a client sends and receives.

use pollster::block_on;
use session_core::{Outcome, Session};

use crate::common::{Call, LIFETIME, Service, id_of, signed, token};

fn user(session: &Session) -> Option<String> {
    session.get("user").unwrap()
}

/// Security checklist, statement 22.
#[test]
fn s22_bad_duplicates_change_nothing_in_any_order() {
    let service = Service::new();
    let stale = service.login();
    service.clock.advance(LIFETIME);
    let live = service.login();
    let unknown = signed("00000000-0000-4000-8000-000000000000");
    let forged = format!("{}.{}", id_of(&live), "A".repeat(43));
    let others = ["", ".", &forged, &stale, &unknown, "\u{e9}", id_of(&live)];
    for at in 0..=others.len() {
        let mut tokens = others.to_vec();
        tokens.insert(at, &live);
        assert_eq!(user(&service.open_any(&tokens)).unwrap(), "ada", "at {at}");
    }
    // The same in reverse order and with duplicates.
    let mut tokens: Vec<&str> = others.iter().rev().copied().collect();
    tokens.push(&live);
    assert_eq!(user(&service.open_any(&tokens)).unwrap(), "ada");
    assert_eq!(user(&service.open_any(&[&live, &live])).unwrap(), "ada");
}

#[test]
fn the_first_of_two_live_sessions_wins() {
    let service = Service::new();
    let [a, b] =
        ["a", "b"].map(|name| service.request(|session| session.put("user", name).unwrap()));
    assert_eq!(user(&service.open_any(&[&a, &b])).unwrap(), "a");
    assert_eq!(user(&service.open_any(&[&b, &a])).unwrap(), "b");
}

#[test]
fn at_most_eight_cookies_are_tried() {
    let service = Service::new();
    let live = service.login();
    let unknown: Vec<String> = (0..20).map(|n| signed(&n.to_string())).collect();
    let tokens = |before: usize| {
        let mut tokens: Vec<&str> = unknown[..before].iter().map(String::as_str).collect();
        tokens.push(&live);
        tokens
    };
    assert_eq!(user(&service.open_any(&tokens(7))).unwrap(), "ada");
    service.store.calls();
    assert!(service.open_any(&tokens(8)).is_new());
    assert_eq!(service.store.calls(), [Call::Load; 8]);
}

#[test]
fn a_bad_cookie_is_kept_until_something_is_saved() {
    let service = Service::new();
    for bad in ["garbage", "", &signed("unknown")] {
        let session = service.open(bad);
        assert_eq!(service.commit(&session), Outcome::Keep);
    }
}

#[test]
fn a_cookie_with_an_old_key_is_accepted_and_reissued() {
    let service = Service::new();
    let old_token = service.login();
    let rotated = service.rotated(|builder| builder);
    let session = rotated.open(&old_token);
    assert_eq!(user(&session).unwrap(), "ada");
    let Outcome::Set(issued) = rotated.commit(&session) else {
        panic!("the cookie must be reissued although nothing changed")
    };
    assert_eq!(id_of(issued.as_str()), id_of(&old_token));
    assert_eq!(issued.ttl(), LIFETIME, "the remaining lifetime");
    // The new cookie has the new key and is not reissued again.
    let session = rotated.open(issued.as_str());
    assert_eq!(user(&session).unwrap(), "ada");
    assert_eq!(rotated.commit(&session), Outcome::Keep);
    assert!(
        service.open(issued.as_str()).is_new(),
        "the old key does not verify it"
    );
}

#[test]
fn a_handle_that_no_cookie_can_carry_is_an_error() {
    let long = "x".repeat(4096);
    for (handle, message) in [
        ("a;b", "a value cannot be written as JSON"),
        ("a b", "a value cannot be written as JSON"),
        ("a\r\nSet-Cookie: x=y", "a value cannot be written as JSON"),
        ("a\"b", "a value cannot be written as JSON"),
        ("a,b", "a value cannot be written as JSON"),
        ("a\\b", "a value cannot be written as JSON"),
        ("\u{e9}", "a value cannot be written as JSON"),
        (
            &*long,
            "the session would take 4147 bytes, the limit is 4096",
        ),
    ] {
        let service = Service::new();
        service.store.answer_with_handle(handle);
        let session = service.visit();
        session.put("a", 1).unwrap();
        let error = block_on(service.manager.commit(&session)).unwrap_err();
        assert_eq!(error.to_string(), message, "{handle:?}");
    }
}

#[test]
fn the_longest_handle_that_fits_is_signed() {
    let service = Service::new();
    let fits = "x".repeat(4096 - "session".len() - ".".len() - 43);
    service.store.answer_with_handle(&fits);
    let session = service.visit();
    session.put("a", 1).unwrap();
    let token = token(&service.commit(&session));
    assert_eq!("session".len() + token.len(), 4096);
    assert!(token.starts_with(&fits));
}
