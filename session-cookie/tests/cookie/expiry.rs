//! The server ends a session in time, whatever the client does with its cookie.

use std::time::Duration;

use session_core::{CookieOptions, Outcome, Renewal};

use crate::common::{
    NAME, attributes, builder, clock, commit, keys, minutes, open, payload, save, sign, visit,
};
use crate::{SECRET, START, manager};

const MILLISECOND: Duration = Duration::from_millis(1);

/// security.md 9 and 11: the client keeps the cookie, the signature is right, and it is of no use any more.
#[test]
fn s09_s11_an_expired_cookie_is_refused_although_its_signature_is_intact() {
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

/// security.md 11: accepting what has no expiry is not accepting what has expired.
#[test]
fn s11_the_migration_option_does_not_revive_an_expired_cookie() {
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
    // Nothing was written, but a cookie that is valid for ever is not left alone.
    let token = save(&migrating, &session);
    assert_eq!(
        payload(&token),
        r#"{"id":"a","data":{"user":42},"flash_next":{},"exp":1700007200000}"#
    );
    assert!(!open(&manager(&clock), &token).is_new());
}

/// security.md 12: the browser forgets the cookie when it is closed, a thief does not.
#[test]
fn s12_a_browser_session_cookie_expires_on_the_server() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .cookie(CookieOptions::default().name(NAME).persistent(false))
        .build()
        .unwrap();
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    let outcome = commit(&manager, &session);
    let line = manager.set_cookie(&outcome).unwrap();
    assert_eq!(
        attributes(&line),
        attributes("value; Path=/; SameSite=Lax; HttpOnly; Secure"),
        "neither Max-Age nor Expires"
    );

    let token = crate::common::token(&outcome);
    assert_eq!(
        payload(&token),
        format!(
            r#"{{"id":"{}","data":{{"user":42}},"flash_next":{{}},"exp":1700007200000}}"#,
            session.id().unwrap().as_str()
        )
    );
    clock.advance(minutes(120) - MILLISECOND);
    assert!(!open(&manager, &token).is_new());
    clock.advance(MILLISECOND);
    assert!(open(&manager, &token).is_new());
}

/// security.md 10: a client that never rests is logged out too.
#[test]
fn s10_the_absolute_timeout_holds_despite_activity() {
    for verb in ["read", "write", "regenerate"] {
        let clock = clock(START);
        let manager = builder(keys(SECRET), &clock)
            .absolute_lifetime(minutes(300))
            .renewal(Renewal::Always)
            .build()
            .unwrap();
        let session = visit(&manager);
        session.put("user", 42).unwrap();
        let mut token = save(&manager, &session);
        for minute in 1..300 {
            clock.advance(minutes(1));
            let session = open(&manager, &token);
            assert_eq!(
                session.get("user").unwrap(),
                Some(42),
                "{verb} at minute {minute}"
            );
            match verb {
                "write" => session.put("minute", minute).unwrap(),
                "regenerate" => session.regenerate().unwrap(),
                _ => (),
            }
            if let Outcome::Set(next) = commit(&manager, &session) {
                token = next.as_str().to_owned();
            }
        }
        assert!(
            payload(&token).contains(r#""exp":1700018000000,"iat":1700000000000"#),
            "{verb}: {}",
            payload(&token)
        );
        clock.advance(minutes(1) - MILLISECOND);
        assert!(!open(&manager, &token).is_new(), "{verb}");
        clock.advance(MILLISECOND);
        assert!(open(&manager, &token).is_new(), "{verb}");
    }
}

/// security.md 10: `iat` alone ends it, even should `exp` be later: an older setting, or another writer.
#[test]
fn s10_a_later_expiry_does_not_outlive_the_absolute_end() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .absolute_lifetime(minutes(120))
        .build()
        .unwrap();
    let token = sign(
        &keys(SECRET),
        r#"{"id":"a","data":{},"exp":9700000000000,"iat":1700000000000}"#,
    );
    clock.advance(minutes(120) - MILLISECOND);
    assert!(!open(&manager, &token).is_new());
    clock.advance(MILLISECOND);
    assert!(open(&manager, &token).is_new());
}

#[test]
fn a_cookie_from_before_the_absolute_lifetime_learns_when_it_began() {
    let clock = clock(START);
    let session = visit(&manager(&clock));
    session.put("user", 42).unwrap();
    let token = save(&manager(&clock), &session);

    let limited = builder(keys(SECRET), &clock)
        .absolute_lifetime(minutes(180))
        .build()
        .unwrap();
    clock.advance(minutes(1));
    let session = open(&limited, &token);
    assert_eq!(session.get("user").unwrap(), Some(42));
    let token = save(&limited, &session);
    assert!(
        payload(&token).ends_with(r#""exp":1700007260000,"iat":1700000060000}"#),
        "{}",
        payload(&token)
    );
}

#[test]
fn a_new_session_after_a_logout_begins_anew() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .absolute_lifetime(minutes(180))
        .build()
        .unwrap();
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    let token = save(&manager, &session);
    clock.advance(minutes(100));
    let session = open(&manager, &token);
    session.destroy().unwrap();
    session.put("guest", true).unwrap();
    let token = save(&manager, &session);
    assert!(
        payload(&token).ends_with(r#""exp":1700013200000,"iat":1700006000000}"#),
        "{}",
        payload(&token)
    );
}
