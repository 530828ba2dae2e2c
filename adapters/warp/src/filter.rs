//! The filters that give a handler its session.

use session_tower::{Exchange, Session, SessionManager, adapter};
use warp::http::Method;
use warp::path::FullPath;
use warp::{Filter, Rejection};

use crate::SessionRejection;

/// Extracts the request's [`Session`].
///
/// The session comes from the [layer](crate::serve) around the routes. In a test of a handler, it
/// comes from `warp::test::request().extension(session)`.
///
/// Rejects with a [`SessionRejection`]: 500 if there is no session, and 503 if the store is down
/// and the manager refuses requests meanwhile. The log names the route without a session and the
/// fix.
///
/// # Examples
///
/// ```
/// use session_warp::{Session, SessionRejection};
/// use warp::Filter;
///
/// async fn rename(name: String, session: Session) -> Result<String, SessionRejection> {
///     session.put("name", &name)?;
///     Ok(name)
/// }
///
/// let route = warp::path!("rename" / String).and(session_warp::session()).then(rename);
/// ```
pub fn session() -> impl Filter<Extract = (Session,), Error = Rejection> + Copy {
    optional_session()
        .and(warp::method())
        .and(warp::path::full())
        .and_then(present)
}

/// Extracts the request's [`Session`] if it has one, for routes that work with and without the
/// layer.
///
/// Rejects with a [`SessionRejection`] if the store is down and the manager refuses requests
/// meanwhile.
pub fn optional_session() -> impl Filter<Extract = (Option<Session>,), Error = Rejection> + Copy {
    warp::ext::optional()
        .and(warp::ext::optional())
        .and_then(find)
}

/// Extracts the [`SessionManager`] of the request's sessions: to list a user's sessions, or to end
/// them.
///
/// Rejects with a [`SessionRejection`], which becomes a 500, if there is no layer.
///
/// # Examples
///
/// ```
/// use session_warp::{Session, SessionManager, SessionRejection};
/// use warp::Filter;
///
/// async fn log_out_others(session: Session, sessions: SessionManager) -> Result<String, SessionRejection> {
///     let user: String = session.get_or("user", String::new())?;
///     let ended = sessions.revoke_all_of(&user, session.peek_id().as_ref()).await?;
///     Ok(format!("{ended} other devices were logged out."))
/// }
///
/// let route = warp::path!("others")
///     .and(session_warp::session())
///     .and(session_warp::sessions())
///     .then(log_out_others);
/// ```
pub fn sessions() -> impl Filter<Extract = (SessionManager,), Error = Rejection> + Copy {
    warp::ext::optional()
        .map(|exchange: Option<Exchange>| exchange.map(|exchange| exchange.manager().clone()))
        .and(warp::method())
        .and(warp::path::full())
        .and_then(present)
}

async fn find(
    exchange: Option<Exchange>,
    given: Option<Session>,
) -> Result<Option<Session>, Rejection> {
    match exchange {
        Some(exchange) => {
            let opened = exchange.session().await.map_err(SessionRejection::from)?;
            Ok(Some(opened))
        }
        None => Ok(given),
    }
}

async fn present<T>(found: Option<T>, method: Method, path: FullPath) -> Result<T, Rejection> {
    found.ok_or_else(|| {
        let error = adapter::missing_session(&method, path.as_str(), REMEDY);
        // Now, because warp's own server replies to a rejection without asking this crate.
        adapter::log_failure(&error);
        SessionRejection::from(error).into()
    })
}

const REMEDY: &str = "serve it with `session_warp::serve(routes, sessions)` instead of \
     `warp::serve(routes)`, or give this route its own session with \
     `session_warp::route_session(sessions)`; a service or fallback outside \
     `session_warp::service(…)` has no layer; in a test, add a session with `.extension(session)`";
