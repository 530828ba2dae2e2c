//! The response when a verb of the session fails.

use std::error::Error as StdError;
use std::fmt;

use axum::response::{IntoResponse, Response};
use session_tower::{Error, adapter};

/// An [`Error`] as a response: 413 if the session would be too large, 503 if the store is
/// unavailable, 500 otherwise.
///
/// The body of a 413 is the error's message. The body of a 500 or 503 reveals nothing about the
/// application; the message and its cause go to the log. To answer differently, a handler matches
/// on [`error`](Self::error), or returns the [`Error`] inside an error type of its own.
#[derive(Debug)]
pub struct SessionRejection(Error);

impl SessionRejection {
    /// Returns the error.
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
        adapter::log_failure(&self.0);
        adapter::status_and_body(&self.0).into_response()
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
