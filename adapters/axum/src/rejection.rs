//! What a handler answers when a verb of the session fails.

use std::error::Error as StdError;
use std::fmt;

use axum_core::response::{IntoResponse, Response};
use session_tower::Error;

/// An [`Error`] as a response: 413 when the session would be too large, 503 when the store is unavailable, 500
/// otherwise.
///
/// The body of a 413 is the error's message. That of a 5xx says nothing about the inside of the application; the message
/// and its cause go into the log. Handlers that answer differently use [`error`](Self::error), or [`Error`] itself.
#[derive(Debug)]
pub struct SessionRejection(Error);

impl SessionRejection {
    /// Returns what went wrong.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.0
    }
}

impl From<Error> for SessionRejection {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        let status = self.0.status();
        if !status.is_server_error() {
            return (status, self.0.to_string()).into_response();
        }
        let cause = self.0.source().map(ToString::to_string);
        tracing::error!(target: "session", error = %self.0, cause, "request failed");
        (status, status.canonical_reason().unwrap_or_default()).into_response()
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SessionRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
