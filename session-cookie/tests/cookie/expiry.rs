//! The server enforces the expiry, whatever the client does with its cookie.

use std::time::Duration;

use session_core::Outcome;

use crate::common::{builder, clock, commit, keys, minutes, open, payload, save, sign, visit};
use crate::{SECRET, START, manager};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Security checklist, statements 9 and 11: the client keeps the cookie and the signature is valid,
/// but the session has expired.
#[test]
fn s09_s11_an_expired_cookie_is_refused_despite_a_valid_signature() {
    let clock = clock(START);
    let manager = manager(&clock);
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    let token = save(&manager, &session);

    clock.advance(minutes(120) - MILLISECOND);
    assert_eq!(open(&manager, &token).get("user").unwrap(), Some(42));

    for step in [MILLISECOND, MILLISECOND, minutes(60 * 24 * 365)] {
        clock.advance(step);
        assert!(keys(SECRET).verify(&token).is_some());
        let session = open(&manager, &token);
        assert!(session.is_new());
        assert!(session.all().is_empty());
        assert_eq!(commit(&manager, &session), Outcome::Keep);
    }
}

/// Security checklist, statement 11: the option accepts cookies without an expiry, but not expired
/// ones.
#[test]
fn s11_accept_without_expiry_does_not_accept_an_expired_cookie() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .accept_without_expiry(true)
        .build()
        .unwrap();
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    let token = save(&manager, &session);
    clock.advance(minutes(120));
    assert!(open(&manager, &token).is_new());
}

#[test]
fn a_cookie_without_an_expiry_is_refused_or_given_one() {
    let clock = clock(START);
    let token = sign(&keys(SECRET), r#"{"id":"a","data":{"user":42}}"#);
    assert!(open(&manager(&clock), &token).is_new());

    let migrating = builder(keys(SECRET), &clock)
        .accept_without_expiry(true)
        .build()
        .unwrap();
    let session = open(&migrating, &token);
    assert_eq!(session.get("user").unwrap(), Some(42));
    // Nothing was written, but a cookie that never expires is replaced.
    let token = save(&migrating, &session);
    assert_eq!(
        payload(&token),
        r#"{"id":"a","data":{"user":42},"flash_next":{},"exp":1700007200000}"#
    );
    assert!(!open(&manager(&clock), &token).is_new());
}
