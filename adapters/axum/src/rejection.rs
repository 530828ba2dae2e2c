//! What a handler answers when a verb of the session fails.

use axum_core::response::{IntoResponse, Response};

session_tower::native_error! {
    /// An [`Error`](crate::Error) as a response: 413 when the session would be too large, 503 when the store is
    /// unavailable, 500 otherwise.
    ///
    /// The body of a 413 is the error's message. That of a 5xx says nothing about the inside of the application; the
    /// message and its cause go into the log. Handlers that answer differently use [`error`](Self::error), or the
    /// [`Error`](crate::Error) itself.
    #[derive(Debug)]
    pub struct SessionRejection;
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        session_tower::answer(&self.0).into_response()
    }
}
