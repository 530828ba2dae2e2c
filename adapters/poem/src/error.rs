//! The error that a handler returns when a verb of the session fails.

use std::error::Error as StdError;
use std::fmt;

use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use session_tower::{Error, adapter};

/// An [`Error`] that handlers return: 413 if the session would be too large, 503 if the store is
/// unavailable, 500 otherwise.
///
/// The body of a 413 is the error's message. The body of a 500 or 503 reveals nothing about the
/// application; the message and its cause go to the log. To answer differently, catch it inside the
/// middleware with [`catch_error`](poem::EndpointExt::catch_error) and match on
/// [`error`](Self::error).
///
/// # Examples
///
/// In a handler that also fails with other errors, convert it:
///
/// ```
/// use poem::error::BadRequest;
/// use poem::handler;
/// use session_poem::{Session, SessionError};
///
/// #[handler]
/// async fn set_age(session: Session, age: String) -> poem::Result<()> {
///     let age: u8 = age.parse().map_err(BadRequest)?;
///     session.put("age", age).map_err(SessionError::from)?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct SessionError(Error);

impl SessionError {
    /// Returns the error of the session.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.0
    }
}

impl From<Error> for SessionError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn as_response(&self) -> Response {
        adapter::log_failure(&self.0);
        adapter::status_and_body(&self.0).into_response()
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SessionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
