//! Routes as a service with sessions.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::task::{Context, Poll};

use hyper::Request;
use hyper::body::Body;
use session_tower::adapter::{self, Respond, SessionFuture};
use session_tower::{Error, SessionLayer};
use tower_service::Service;
use warp::reply::{Reply, Response, with_status};
use warp::{Filter, Rejection};

/// Returns the routes as a tower service whose requests have a session.
///
/// Use it to test an application without a connection, or to add more layers and pass it to
/// [`Server::new`](crate::Server::new).
///
/// The session is saved and its cookie set whether the routes reply, reject, recover, or match
/// nothing. If they do not recover a [`SessionRejection`](crate::SessionRejection),
/// [`recover`](crate::recover) replies to it.
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
    // Boxed, so that routes whose error is `Infallible` can be recovered too.
    let routes = warp::service(routes.boxed().recover(crate::recover));
    Routes {
        routes,
        sessions,
        respond,
    }
}

/// Routes inside the layer. Unlike [`SessionLayer`], it keeps warp's type of responses, whose body has no public name.
struct Routes<S, ResBody> {
    routes: S,
    sessions: SessionLayer,
    respond: Respond<ResBody, hyper::Response<ResBody>>,
}

impl<S: Clone, ResBody> Clone for Routes<S, ResBody> {
    fn clone(&self) -> Self {
        Self {
            routes: self.routes.clone(),
            sessions: self.sessions.clone(),
            respond: self.respond,
        }
    }
}

impl<S, B, ResBody> Service<Request<B>> for Routes<S, ResBody>
where
    S: Service<Request<B>, Response = hyper::Response<ResBody>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Send + 'static,
    ResBody: Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = SessionFuture<S::Future, ResBody, Infallible, S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        adapter::call(&self.sessions, &mut self.routes, request, self.respond)
    }
}

fn respond(result: Result<Response, Error>) -> Response {
    result.unwrap_or_else(|error| {
        let (status, body) = adapter::status_and_body(&error);
        with_status(body, status).into_response()
    })
}
