//! The filters that give a handler its session.

use session_tower::{Error, ErrorKind, Exchange, Session};
use warp::{Filter, Rejection};

use crate::SessionRejection;

/// Extracts the request's [`Session`].
///
/// It comes from the [layer](crate::serve) around the routes, or, in a test of a handler, from
/// `warp::test::request().extension(session)`.
///
/// Rejects with a [`SessionRejection`] where there is none, which becomes 500 and a line in the log, and where the store
/// is down and the manager is to refuse then, which becomes 503.
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
    optional_session().and_then(present)
}

/// Extracts the request's [`Session`] if it has one: for routes that are served with and without the layer.
///
/// Rejects as [`session`] does where the store is down: that is no missing layer.
pub fn optional_session() -> impl Filter<Extract = (Option<Session>,), Error = Rejection> + Copy {
    warp::ext::optional()
        .and(warp::ext::optional())
        .and_then(find)
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

async fn present(session: Option<Session>) -> Result<Session, Rejection> {
    session.ok_or_else(|| {
        tracing::error!(
            target: "session",
            "no session layer around this route: serve it by `session_warp::serve(routes, layer)` instead of \
             `warp::serve(routes)`; a test gives it one by `.extension(session)`",
        );
        SessionRejection::from(Error::new(ErrorKind::Missing)).into()
    })
}
