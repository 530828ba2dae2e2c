//! The reply when a verb of the session fails or there is no session.

use std::error::Error as StdError;
use std::fmt;

use session_tower::{Error, ErrorKind, adapter};
use warp::Rejection;
use warp::reject::Reject;
use warp::reply::{Reply, Response, with_status};

/// An [`Error`] as a reply or a rejection: 413 if the session would be too large, 503 if the store
/// is unavailable, 500 otherwise.
///
/// The body of a 413 is the error's message. The body of a 500 or 503 reveals nothing about the
/// application; the message and its cause go to the log. To answer differently, a handler matches
/// on [`error`](Self::error), or returns the [`Error`] inside an error type of its own.
///
/// A handler under `then` returns it as a reply. A handler under `and_then` returns it as a
/// [`Rejection`], so warp tries the other routes first. If none matches, [`recover`] replies;
/// [`serve`](crate::serve) puts it around all routes.
///
/// # Examples
///
/// ```
/// use session_warp::{Session, SessionRejection};
/// use warp::{Filter, Rejection};
///
/// async fn replies(session: Session) -> Result<&'static str, SessionRejection> {
///     session.put("seen", true)?;
///     Ok("seen")
/// }
///
/// async fn rejects(session: Session) -> Result<&'static str, Rejection> {
///     session.put("seen", true).map_err(SessionRejection::from)?;
///     Ok("seen")
/// }
///
/// let one = warp::path("one").and(session_warp::session()).then(replies);
/// let other = warp::path("other").and(session_warp::session()).and_then(rejects);
/// # let _ = one.or(other);
/// ```
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

impl Reject for SessionRejection {}

impl Reply for SessionRejection {
    fn into_response(self) -> Response {
        reply(&self.0)
    }
}

/// Shows the kind of the error and, for a missing session in debug builds, the route and the fix.
///
/// warp sends this text to the client if nothing handles the rejection, so it reveals nothing else.
impl fmt::Debug for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.0.kind();
        f.debug_tuple("SessionRejection").field(&kind).finish()?;
        if kind == ErrorKind::Missing && cfg!(debug_assertions) {
            write!(f, "\n\n{}", adapter::status_and_body(&self.0).1)?;
        }
        Ok(())
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

/// Replies to a [`SessionRejection`] and passes other rejections on.
///
/// [`serve`](crate::serve) does this for all routes. Use it with
/// [`Filter::recover`](warp::Filter::recover) for routes that are served in another way.
///
/// # Errors
///
/// Returns any other rejection.
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
    adapter::log_failure(error);
    let (status, body) = adapter::status_and_body(error);
    with_status(body, status).into_response()
}
