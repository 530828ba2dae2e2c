//! What is answered when a verb of the session fails, or there is no session.

use std::fmt;

use session_tower::{Error, answer};
use warp::Rejection;
use warp::reject::Reject;
use warp::reply::{Reply, Response, with_status};

session_tower::native_error! {
    /// An [`Error`] as a reply or as a rejection: 413 when the session would be too large, 503 when the store is
    /// unavailable, 500 otherwise.
    ///
    /// The body of a 413 is the error's message. That of a 5xx says nothing about the inside of the application; the
    /// message and its cause go into the log. Handlers that answer differently use [`error`](Self::error), or [`Error`]
    /// itself.
    ///
    /// A handler that returns `Result<impl Reply, SessionRejection>` by `then` has answered. One that returns it as a
    /// [`Rejection`] by `and_then` lets warp try the other routes first; then [`recover`] answers, which
    /// [`serve`](crate::serve) puts around all routes.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_warp::{Session, SessionRejection};
    /// use warp::{Filter, Rejection};
    ///
    /// async fn answers(session: Session) -> Result<&'static str, SessionRejection> {
    ///     session.put("seen", true)?;
    ///     Ok("seen")
    /// }
    ///
    /// async fn rejects(session: Session) -> Result<&'static str, Rejection> {
    ///     session.put("seen", true).map_err(SessionRejection::from)?;
    ///     Ok("seen")
    /// }
    ///
    /// let one = warp::path("one").and(session_warp::session()).then(answers);
    /// let other = warp::path("other").and(session_warp::session()).and_then(rejects);
    /// # let _ = one.or(other);
    /// ```
    pub struct SessionRejection;
}

/// warp tells the client the `Debug` of a rejection that nobody handles, so this says the kind of the error and no more.
impl fmt::Debug for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionRejection")
            .field(&self.0.kind())
            .finish()
    }
}

impl Reject for SessionRejection {}

impl Reply for SessionRejection {
    fn into_response(self) -> Response {
        reply(&self.0)
    }
}

/// Answers a [`SessionRejection`], and leaves other rejections as they are: for [`Filter::recover`](warp::Filter::recover)
/// where the routes are not served by [`serve`](crate::serve), which has it.
///
/// # Errors
///
/// The rejection, if it is none of a session.
///
/// # Examples
///
/// ```
/// use warp::Filter;
///
/// let name = session_warp::session().map(|session: session_warp::Session| session.all().to_json());
/// let routes = warp::path("name").and(name).recover(session_warp::recover);
/// ```
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<SessionRejection>() {
        Some(SessionRejection(error)) => Ok(reply(error)),
        None => Err(rejection),
    }
}

fn reply(error: &Error) -> Response {
    let (status, text) = answer(error);
    with_status(text, status).into_response()
}
