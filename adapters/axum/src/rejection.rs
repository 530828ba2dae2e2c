//! What a handler answers when a verb of the session fails.

use std::error::Error as StdError;
use std::fmt;

use axum_core::response::{IntoResponse, Response};
use session_tower::Error;

/// An [`Error`] as a response: 413 when the session would be too large, 503 when the store is unavailable, 500
/// otherwise.
///
/// The body is the error's message, which names no value and no secret. Handlers that answer differently use
/// [`error`](Self::error), or [`Error`] itself.
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
        (self.0.status(), self.0.to_string()).into_response()
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
