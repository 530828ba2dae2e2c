//! What operators see: one `tracing` event for each thing that happens to a session.
//!
//! No event carries a token, a secret or a whole id: the first eight characters of an id are enough to
//! follow a session through a log (OWASP Session Management Cheat Sheet, "Logging Sessions Life Cycle").

use crate::{Error, SessionId};

/// The target of all events.
#[cfg(feature = "tracing")]
const TARGET: &str = "session";

macro_rules! event {
    ($level:ident, $id:expr, $message:literal) => {
        #[cfg(feature = "tracing")]
        tracing::event!(target: TARGET, tracing::Level::$level, id = $id.prefix(), $message);
        #[cfg(not(feature = "tracing"))]
        let _ = $id;
    };
}

macro_rules! failure {
    ($error:expr, $message:literal) => {
        #[cfg(feature = "tracing")]
        tracing::event!(target: TARGET, tracing::Level::ERROR, error = &*chain($error), $message);
        #[cfg(not(feature = "tracing"))]
        let _ = $error;
    };
}

pub(crate) fn created(id: &SessionId) {
    event!(DEBUG, id, "session created");
}

pub(crate) fn renewed(id: &SessionId) {
    event!(DEBUG, id, "session renewed");
}

pub(crate) fn regenerated(id: &SessionId) {
    event!(INFO, id, "session regenerated");
}

pub(crate) fn destroyed(id: &SessionId) {
    event!(INFO, id, "session destroyed");
}

pub(crate) fn expired(id: &SessionId) {
    event!(DEBUG, id, "session expired");
}

/// The token is forged, truncated or under a key that is not in the ring.
pub(crate) fn invalid() {
    #[cfg(feature = "tracing")]
    tracing::event!(target: TARGET, tracing::Level::WARN, "session cookie invalid");
}

/// The signature is right, but there is no such record.
pub(crate) fn unknown() {
    #[cfg(feature = "tracing")]
    tracing::event!(target: TARGET, tracing::Level::DEBUG, "session cookie without a session");
}

pub(crate) fn conflict(id: &SessionId) {
    event!(DEBUG, id, "session changed by another request, merging");
}

pub(crate) fn late_write_dropped(id: &SessionId) {
    event!(WARN, id, "late write dropped: the session ended meanwhile");
}

pub(crate) fn load_failed(error: &Error) {
    failure!(error, "session load failed");
}

pub(crate) fn save_failed(error: &Error) {
    failure!(error, "session save failed");
}

#[cfg(feature = "http")]
pub(crate) fn nested() {
    #[cfg(feature = "tracing")]
    tracing::event!(target: TARGET, tracing::Level::WARN, "session layer inside another: the inner one does nothing");
}

/// What the inner routes put into their session goes into the outer one's.
#[cfg(feature = "http")]
pub(crate) fn nested_stranger(outer: &str, inner: &str) {
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::ERROR,
        outer,
        inner,
        "session layer inside that of other sessions: the inner one does nothing; put them side by side"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (outer, inner);
}

#[cfg(feature = "tracing")]
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
