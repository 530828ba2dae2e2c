//! The log that operators see: one `tracing` event for most events, and for mistakes in how layers are stacked.

use super::Event;
#[cfg(feature = "tracing")]
use super::{EventKind, Refusal};
#[cfg(feature = "tracing")]
use crate::Error;

/// The target of all events.
#[cfg(feature = "tracing")]
const TARGET: &str = "session";

#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $($field:ident,)? $message:literal) => {
        tracing::event!(target: TARGET, tracing::Level::$level, $($field,)? $message)
    };
}

#[cfg(feature = "tracing")]
macro_rules! failure {
    ($error:expr, $message:literal) => {
        tracing::event!(target: TARGET, tracing::Level::ERROR, error = $error.map(chain).as_deref(), $message)
    };
}

/// Writes an event to the log.
#[cfg(feature = "tracing")]
pub(super) fn write(event: &Event<'_>) {
    let (id, reason, error) = (event.id(), event.reason(), event.error());
    match event.kind() {
        // Every request would fill the log.
        EventKind::Loaded | EventKind::Saved => {}
        EventKind::Created => event!(DEBUG, id, "session created"),
        EventKind::Renewed => event!(DEBUG, id, "session renewed"),
        EventKind::Regenerated => event!(INFO, id, "session regenerated"),
        EventKind::Destroyed => event!(INFO, id, "session destroyed"),
        EventKind::Revoked => event!(INFO, id, "session revoked"),
        EventKind::Expired => event!(DEBUG, id, "session expired"),
        EventKind::Moved => {
            event!(DEBUG, id, "session moved: the request came with its old id");
        }
        EventKind::Refused(Refusal::Invalid) => event!(WARN, reason, "session cookie invalid"),
        EventKind::Refused(Refusal::Unreadable) => {
            event!(DEBUG, reason, "session cookie unreadable");
        }
        EventKind::Refused(Refusal::Unknown) => {
            event!(DEBUG, "session cookie names no session");
        }
        EventKind::Refused(Refusal::Sealed) => {
            event!(
                WARN,
                id,
                "session is sealed, and this service does not open sealed sessions"
            );
        }
        EventKind::Conflict => {
            event!(DEBUG, id, "session changed by another request, merging");
        }
        EventKind::LateWriteDropped => {
            event!(WARN, id, "late write dropped: the session ended meanwhile");
        }
        EventKind::LoadFailed => failure!(error, "session load failed"),
        EventKind::SaveFailed => failure!(error, "session save failed"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn write(_: &Event<'_>) {}

/// Returns `true` if events of the level DEBUG go anywhere.
pub(super) fn shows_debug() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::enabled!(target: TARGET, tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    false
}

pub(super) fn observer_panicked() {
    #[cfg(feature = "tracing")]
    event!(ERROR, "session observer panicked");
}

pub(crate) fn made_private() {
    #[cfg(feature = "tracing")]
    event!(
        WARN,
        "response that sets the session cookie was publicly cacheable: made it no-store"
    );
}

pub(crate) fn nested() {
    #[cfg(feature = "tracing")]
    event!(
        WARN,
        "session layer inside itself: the inner one does nothing"
    );
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
