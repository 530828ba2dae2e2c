//! What the tests of this crate share.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{
    Builder, CookieOptions, KeyRing, ManualClock, Outcome, Secret, Session, SessionManager,
    Timestamp,
};

pub(crate) fn clock(millis: u64) -> ManualClock {
    ManualClock::new(Timestamp::from_millis(millis))
}

pub(crate) const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

pub(crate) fn keys(secret: &str) -> KeyRing {
    KeyRing::new(Secret::new(secret).unwrap())
}

/// Returns the builder of a manager with the settings of the test vectors: plain HTTP, and their
/// cookie name.
pub(crate) fn builder(keys: impl Into<KeyRing>, clock: &ManualClock) -> Builder {
    SessionManager::builder(CookieDriver, keys)
        .cookie(CookieOptions::default().name(NAME).secure(false))
        .clock(clock.clone())
}

pub(crate) fn open(manager: &SessionManager, token: &str) -> Session {
    block_on(manager.open(Some(token))).unwrap()
}

/// Opens the session of a visitor without a cookie.
pub(crate) fn visit(manager: &SessionManager) -> Session {
    block_on(manager.open(None)).unwrap()
}

pub(crate) fn commit(manager: &SessionManager, session: &Session) -> Outcome {
    block_on(manager.commit(session)).unwrap()
}

/// Commits a session that sets a cookie, and returns its token.
#[track_caller]
pub(crate) fn save(manager: &SessionManager, session: &Session) -> String {
    token(&commit(manager, session))
}

#[track_caller]
pub(crate) fn token(outcome: &Outcome) -> String {
    let Outcome::Set(token) = outcome else {
        panic!("{outcome:?} sets no cookie");
    };
    token.as_str().to_owned()
}

/// Returns the JSON text in a token.
pub(crate) fn payload(token: &str) -> String {
    let (payload, _signature) = token.rsplit_once('.').unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Returns a token that contains a JSON text.
pub(crate) fn sign(keys: &KeyRing, json: &str) -> String {
    keys.sign(URL_SAFE_NO_PAD.encode(json))
}

pub(crate) const NAME: &str = "rudderjs_session";
