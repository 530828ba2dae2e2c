//! The error that a handler returns when a verb of the session fails.

use std::error::Error as StdError;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
use session_tower::{Error, adapter};

/// An [`Error`] that handlers return: 413 if the session would be too large, 503 if the store is
/// unavailable, 500 otherwise.
///
/// The body of a 413 is the error's message. The body of a 500 or 503 reveals nothing about the
/// application; the message and its cause go to the log. To answer differently, match on
/// [`error`](Self::error) in the handler.
///
/// # Examples
///
/// A handler that also fails with other errors returns [`actix_web::Result`]. There, `?` converts
/// this error, and an [`Error`] becomes this one first:
///
/// ```
/// use actix_web::error::ErrorBadRequest;
/// use session_actix::{Session, SessionError};
///
/// async fn set_age(session: Session, age: String) -> actix_web::Result<&'static str> {
///     let age: u8 = age.parse().map_err(ErrorBadRequest)?;
///     session.put("age", age).map_err(SessionError::from)?;
///     Ok("saved")
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
    fn status_code(&self) -> StatusCode {
        let status = StatusCode::from_u16(self.0.status().as_u16());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        adapter::log_failure(&self.0);
        let (_, body) = adapter::status_and_body(&self.0);
        HttpResponse::build(self.status_code())
            .content_type(ContentType::plaintext())
            .body(body)
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
