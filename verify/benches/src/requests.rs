//! Whole requests through the session manager, driven like a middleware does it, without a
//! framework.

use std::hint::black_box;

use pollster::block_on;
use serde_json::value::RawValue;
use session_cookie::CookieDriver;
use session_core::{Driver, KeyRing, MemoryDriver, Outcome, Secret, SessionManager, Token};
use session_sealed::Sealed;

use crate::cases::Case;
use crate::session::{SECRET, SESSION};

/// Returns the cases for the drivers that need no server, with what can be added to them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = of("cookie", || manager(CookieDriver));
    cases.extend(of("encrypted", || {
        manager(CookieDriver::encrypted(&keys()))
    }));
    cases.extend(of("memory", || manager(MemoryDriver::new())));
    cases.extend(of(
        "memory with owners",
        || with_owners(MemoryDriver::new()),
    ));
    cases.extend(of("sealed memory", || sealed(MemoryDriver::new())));
    cases
}

fn of(driver: &str, manager: fn() -> SessionManager) -> Vec<Case> {
    vec![
        Case::new(format!("{driver}: read"), move || read(manager(), SESSION)),
        Case::new(format!("{driver}: read + write"), move || {
            read_write(manager(), SESSION)
        }),
        Case::new(format!("{driver}: bad signature"), move || {
            bad_signature(manager())
        }),
        Case::new(format!("{driver}: new session"), move || {
            new_session(manager())
        }),
    ]
}

/// Returns a manager with the default settings.
///
/// # Panics
///
/// If the default settings are invalid.
#[must_use]
pub fn manager(driver: impl Driver) -> SessionManager {
    let manager = SessionManager::builder(driver, keys()).build();
    manager.expect("the defaults are valid")
}

/// Returns a manager whose sessions have an owner, and default settings otherwise.
///
/// # Panics
///
/// If the settings are invalid.
#[must_use]
pub fn with_owners(driver: impl Driver) -> SessionManager {
    let manager = SessionManager::builder(driver, keys()).owner_key("user_id");
    manager.build().expect("the settings are valid")
}

/// Returns a manager that encrypts the sessions, with the default settings.
///
/// # Panics
///
/// If the driver keeps its sessions in the cookie.
#[must_use]
pub fn sealed(driver: impl Driver) -> SessionManager {
    let driver = Sealed::new(driver, &keys());
    manager(driver.expect("it can revoke"))
}

fn keys() -> KeyRing {
    KeyRing::new(Secret::new(SECRET).expect("it is long enough"))
}

/// Returns the token of a new session with these values.
///
/// # Panics
///
/// If the driver fails.
#[must_use]
pub fn token(manager: &SessionManager, data: &str) -> Token {
    let session = block_on(manager.open(None)).expect("the driver cannot fail");
    let values: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(data).expect("it is JSON");
    for (key, value) in values {
        session.put(&key, value).expect("it fits");
    }
    match block_on(manager.commit(&session)).expect("the driver cannot fail") {
        Outcome::Set(token) => token,
        other => panic!("a new session sets its cookie, not {other:?}"),
    }
}

/// Changes the first character of a token, so that its signature no longer matches.
#[must_use]
pub fn forged(token: &str) -> String {
    let other = if token.starts_with('A') { "B" } else { "A" };
    format!("{other}{}", &token[1..])
}

/// Returns a case that reads one value of a session with this data.
///
/// # Panics
///
/// If the driver fails.
pub fn read(manager: SessionManager, data: &str) -> impl FnMut(usize) + use<> {
    let token = token(&manager, data);
    move |times| {
        for _ in 0..times {
            block_on(async {
                let session = manager.open(Some(black_box(token.as_str()))).await;
                let session = session.expect("the driver cannot fail");
                let user_id: Option<u64> = session.get("user_id").expect("it is a number");
                assert_eq!(user_id, Some(42));
                let outcome = manager.commit(&session).await;
                let outcome = outcome.expect("there is nothing to save");
                assert!(black_box(manager.set_cookie(&outcome)).is_none());
            });
        }
    }
}

/// Returns a case that reads and writes one value of a session with this data.
///
/// # Panics
///
/// If the driver fails.
pub fn read_write(manager: SessionManager, data: &str) -> impl FnMut(usize) + use<> {
    let token = token(&manager, data);
    move |times| {
        for _ in 0..times {
            block_on(async {
                let session = manager.open(Some(black_box(token.as_str()))).await;
                let session = session.expect("the driver cannot fail");
                let visits: u64 = session.get_or("visits", 0).expect("it is a number");
                session.put("visits", visits + 1).expect("it fits");
                let outcome = manager.commit(&session).await;
                let outcome = outcome.expect("the driver cannot fail");
                // The cookie driver sends the session. A store has it already.
                let is_sent = black_box(manager.set_cookie(&outcome)).is_some();
                assert_eq!(is_sent, !manager.can_revoke());
            });
        }
    }
}

fn bad_signature(manager: SessionManager) -> impl FnMut(usize) {
    let forged = forged(token(&manager, SESSION).as_str());
    move |times| {
        for _ in 0..times {
            block_on(async {
                let session = manager.open(Some(black_box(&*forged))).await;
                let session = session.expect("a bad token is not an error");
                assert!(session.is_new());
                let outcome = manager.commit(&session).await;
                assert_eq!(outcome.expect("there is nothing to save"), Outcome::Keep);
            });
        }
    }
}

/// The first request of a visitor, who gets a cookie.
fn new_session(manager: SessionManager) -> impl FnMut(usize) {
    move |times| {
        for _ in 0..times {
            block_on(async {
                let session = manager.open(None).await.expect("the driver cannot fail");
                session.put("visits", 1).expect("it fits");
                let outcome = manager.commit(&session).await;
                let outcome = outcome.expect("the driver cannot fail");
                assert!(black_box(manager.set_cookie(&outcome)).is_some());
            });
        }
    }
}
