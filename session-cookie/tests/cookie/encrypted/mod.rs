//! The encrypted driver.

mod kit;
mod migration;
mod rotation;
mod sizes;
mod tampering;
mod vectors;

use session_cookie::{CookieDriver, EncryptedCookieDriver};
use session_core::{KeyRing, ManualClock, Secret, Session, SessionManager};

use crate::common::{self, keys, save, visit};
use crate::{OTHER, SECRET};

fn encrypted(keys: &KeyRing, clock: &ManualClock) -> SessionManager {
    encrypted_with(keys, clock, |driver| driver)
}

fn encrypted_with(
    keys: &KeyRing,
    clock: &ManualClock,
    configure: impl FnOnce(EncryptedCookieDriver) -> EncryptedCookieDriver,
) -> SessionManager {
    let driver = configure(CookieDriver::encrypted(keys));
    SessionManager::builder(driver, keys.clone())
        .clock(clock.clone())
        .build()
        .unwrap()
}

/// Returns the ring while the secret changes.
fn both_keys() -> KeyRing {
    keys(OTHER).with_previous(Secret::new(SECRET).unwrap())
}

/// Creates a session with the data `{"user":"ada"}` and returns its token.
fn log_in(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", "ada").unwrap();
    save(manager, &session)
}

fn user(session: &Session) -> Option<String> {
    session.get("user").unwrap()
}

fn open(manager: &SessionManager, token: &str) -> Session {
    common::open(manager, token)
}

/// Returns what is signed in a token.
fn handle(token: &str) -> &str {
    token.rsplit_once('.').unwrap().0
}
