//! Routes as a service, with the session layer around them.

use std::convert::Infallible;
use std::error::Error as StdError;

use hyper::Request;
use hyper::body::Body;
use session_tower::SessionLayer;
use tower_layer::Layer;
use tower_service::Service;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

/// Returns the routes as a tower service whose requests have a session: to test an application without a connection, or
/// to put more layers around it and give it to [`Server::new`](crate::Server::new).
///
/// Whatever the routes do, the session is saved and its cookie set: they may reply, reject, recover or match nothing. A
/// [`SessionRejection`](crate::SessionRejection) that they do not recover themselves is [answered](crate::recover).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use session_warp::{CookieDriver, Secret, Session, SessionManager, SessionRejection};
/// use tower::ServiceExt;
/// use warp::{Filter, http::Request};
///
/// async fn visits(session: Session) -> Result<String, SessionRejection> {
///     Ok(session.update("visits", 0, |visits| visits + 1)?.to_string())
/// }
///
/// let sessions = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let routes = warp::path::end().and(session_warp::session()).then(visits);
/// let app = session_warp::service(routes, sessions);
///
/// let response = app.oneshot(Request::new(String::new())).await?;
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(())
/// # }
/// ```
pub fn service<F, B>(
    routes: F,
    sessions: impl Into<SessionLayer>,
) -> impl Service<
    Request<B>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send + 'static,
> + Clone
+ Send
+ 'static
where
    F: Filter<Extract: Reply + Send, Error: Into<Rejection>> + Send + Sync + 'static,
    B: Body<Error: Into<Box<dyn StdError + Send + Sync>>> + Send + Sync + 'static,
{
    let sessions: SessionLayer = sessions.into();
    // Boxed, so that routes which recover everything themselves can be recovered once more.
    sessions.layer(warp::service(routes.boxed().recover(crate::recover)))
}
