//! The events that operators see: one `tracing` event for everything that happens to a session.
//!
//! No event carries a token, a secret or a whole id. The first eight characters of an id are enough to follow a session
//! through a log (OWASP Session Management Cheat Sheet, "Logging Sessions Life Cycle").

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

/// A request came with the id that `regenerate` replaced.
pub(crate) fn moved(id: &SessionId) {
    event!(DEBUG, id, "session moved: the request came with its old id");
}

/// The record is sealed, and the driver does not open sealed records.
pub(crate) fn sealed(id: &SessionId) {
    event!(
        WARN,
        id,
        "session is sealed, and this service does not open sealed sessions"
    );
}

/// The token is forged, truncated, or signed with a key that is not in the ring.
pub(crate) fn invalid(token: &str) {
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::WARN,
        reason = crate::KeyRing::problem(token),
        "session cookie invalid"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = token;
}

/// The cookie's name is in the header, but the cookie cannot be read.
pub(crate) fn unreadable(header: &[u8], name: &str) {
    #[cfg(feature = "tracing")]
    if tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
        && let Some(reason) = crate::cookie::header::unreadable(header, name)
    {
        tracing::event!(target: TARGET, tracing::Level::DEBUG, reason, "session cookie unreadable");
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (header, name);
}

/// The signature is valid, but there is no such record.
pub(crate) fn unknown() {
    #[cfg(feature = "tracing")]
    tracing::event!(target: TARGET, tracing::Level::DEBUG, "session cookie names no session");
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

pub(crate) fn made_private() {
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::WARN,
        "response that sets the session cookie was publicly cacheable: made it no-store"
    );
}

pub(crate) fn nested() {
    #[cfg(feature = "tracing")]
    tracing::event!(target: TARGET, tracing::Level::WARN, "session layer inside itself: the inner one does nothing");
}

/// The inner routes must not run on the outer sessions.
pub(crate) fn nested_stranger(cookie: &str) {
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: TARGET,
        tracing::Level::ERROR,
        cookie,
        "session layer inside one of other sessions with the same cookie name: give them different names or separate \
         routes"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = cookie;
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
