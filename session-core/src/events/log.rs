//! The log that operators see: one `tracing` event for most events, and for mistakes in how layers are stacked.

use super::Event;
#[cfg(feature = "tracing")]
use super::{EventKind, Refusal};

/// The target of all events.
#[cfg(feature = "tracing")]
const TARGET: &str = "session";

#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $($field:ident = $value:expr,)? $message:literal) => {
        tracing::event!(target: TARGET, tracing::Level::$level, $($field = $value,)? $message)
    };
}

/// Writes an event to the log.
// A field is only computed if somebody listens.
#[cfg(feature = "tracing")]
#[inline]
pub(super) fn write(event: &Event<'_>) {
    match event.kind() {
        // Every request would fill the log.
        EventKind::Loaded | EventKind::Saved => {}
        EventKind::Created => event!(DEBUG, id = event.id(), "session created"),
        EventKind::Renewed => event!(DEBUG, id = event.id(), "session renewed"),
        EventKind::Regenerated => event!(INFO, id = event.id(), "session regenerated"),
        EventKind::Destroyed => event!(INFO, id = event.id(), "session destroyed"),
        EventKind::Revoked => event!(INFO, id = event.id(), "session revoked"),
        EventKind::Expired => event!(DEBUG, id = event.id(), "session expired"),
        EventKind::Moved => {
            event!(
                DEBUG,
                id = event.id(),
                "session moved: the request came with its old id"
            );
        }
        EventKind::Refused(Refusal::Invalid) => {
            event!(WARN, reason = event.reason(), "session cookie invalid")
        }
        EventKind::Refused(Refusal::Unreadable) => {
            event!(DEBUG, reason = event.reason(), "session cookie unreadable");
        }
        EventKind::Refused(Refusal::Unknown) => {
            event!(DEBUG, "session cookie names no session");
        }
        EventKind::Refused(Refusal::Sealed) => {
            event!(
                WARN,
                id = event.id(),
                "session is sealed, and this service does not open sealed sessions"
            );
        }
        EventKind::Conflict => {
            event!(
                DEBUG,
                id = event.id(),
                "session changed by another request, merging"
            );
        }
        EventKind::LateWriteDropped => {
            event!(
                WARN,
                id = event.id(),
                "late write dropped: the session ended meanwhile"
            );
        }
        EventKind::LoadFailed => event!(ERROR, error = &*causes(event), "session load failed"),
        EventKind::SaveFailed => event!(ERROR, error = &*causes(event), "session save failed"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn write(_: &Event<'_>) {}

/// Returns `true` if events of the level WARN go anywhere.
pub(super) fn shows_warnings() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::enabled!(target: TARGET, tracing::Level::WARN);
    #[cfg(not(feature = "tracing"))]
    false
}

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
fn causes(event: &Event<'_>) -> String {
    let Some(error) = event.error() else {
        return String::new();
    };
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
