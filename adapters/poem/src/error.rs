//! What a handler answers when a verb of the session fails.

use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};

session_tower::native_error! {
    /// An [`Error`](crate::Error) that handlers return: 413 when the session would be too large, 503 when the store is
    /// unavailable, 500 otherwise.
    ///
    /// The body of a 413 is the error's message. That of a 5xx says nothing about the inside of the application; the
    /// message and its cause go into the log. Who answers differently catches it inside of the middleware, by
    /// [`catch_error`](poem::EndpointExt::catch_error), and asks [`error`](Self::error).
    ///
    /// # Examples
    ///
    /// Beside errors of other types, in a [`poem::Result`]:
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
    pub struct SessionError;
}

impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn as_response(&self) -> Response {
        session_tower::answer(&self.0).into_response()
    }
}
