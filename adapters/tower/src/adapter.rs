//! For authors of adapters: what the crates of all frameworks share.
//!
//! An adapter for a framework that is built on tower runs each request with [`call`]. Any other
//! adapter uses an [`Exchange`](crate::Exchange) and passes [`spawn_unfinished`] to its commit.
//!
//! An extractor takes the exchange from the request's extensions. If there is none, it fails
//! with [`missing_session`]. An error becomes a response with [`status_and_body`], and a line in
//! the log with [`log_failure`]:
//!
//! ```
//! use http::{Request, Response};
//! use session_tower::{Error, Exchange, Session, adapter};
//!
//! /// The framework's extractor.
//! async fn extract<B>(request: &Request<B>) -> Result<Session, Error> {
//!     match request.extensions().get::<Exchange>() {
//!         Some(exchange) => exchange.session().await,
//!         None => Err(adapter::missing_session(
//!             request.method(),
//!             request.uri().path(),
//!             "add `.wrap(Sessions::new(manager))` to the application",
//!         )),
//!     }
//! }
//!
//! /// The framework's conversion of errors.
//! fn into_response(error: &Error) -> Response<String> {
//!     adapter::log_failure(error);
//!     let (status, body) = adapter::status_and_body(error);
//!     let mut response = Response::new(body);
//!     *response.status_mut() = status;
//!     response
//! }
//! ```

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Write};
use std::sync::Once;

use http::{Request, Response, StatusCode};
use session_core::{Error, ErrorKind, Unfinished};
use tokio::runtime::Handle;
use tower_service::Service;
use tracing::subscriber::NoSubscriber;

use crate::SessionLayer;
pub use crate::future::{Respond, SessionFuture};

/// Runs a request with a session: opens the session, calls `inner` in its scope, and commits it.
///
/// `inner` must be ready. If a middleware with the same manager is around this one, this one passes
/// the request through.
///
/// `respond` creates the framework's response, either from the response of `inner` or from the
/// error why there is no session: the store is down and the manager refuses requests then, a logout
/// could not be stored, or the middleware is nested in one of other sessions. That error is already
/// in the log.
///
/// # Errors
///
/// The future returns the error of `inner`. Its session was committed as
/// [`Exchange::commit_without_response`](crate::Exchange::commit_without_response) does.
pub fn call<S, ReqBody, ResBody, Answer>(
    layer: &SessionLayer,
    inner: &mut S,
    request: Request<ReqBody>,
    respond: Respond<ResBody, Answer>,
) -> SessionFuture<S::Future, ResBody, S::Error, Answer>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: Send, Future: Send>
        + Clone
        + Send
        + 'static,
    ReqBody: Send + 'static,
    ResBody: Send + 'static,
    Answer: 'static,
{
    let (mut exchange, mut request) = layer.exchange(request);
    match exchange.nest(request.extensions().get()) {
        Ok(true) => {}
        Ok(false) => return SessionFuture::passing(inner.call(request), respond),
        Err(error) => return SessionFuture::refused(error, respond),
    }
    request.extensions_mut().insert(exchange.clone());
    match exchange.open_now() {
        Some(Ok(())) => {
            let handled = exchange.call(|| inner.call(request));
            SessionFuture::running(exchange, handled, respond)
        }
        Some(Err(error)) => SessionFuture::refused(error, respond),
        None => {
            // Only the service that was polled is ready.
            let clone = inner.clone();
            let mut ready = std::mem::replace(inner, clone);
            SessionFuture::opening(
                Box::pin(async move {
                    if let Err(error) = exchange.open().await {
                        return Ok(respond(Err(error)));
                    }
                    let handled = exchange.call(|| ready.call(request));
                    SessionFuture::running(exchange, handled, respond).await
                }),
                respond,
            )
        }
    }
}

/// Spawns the rest of a commit whose client disconnected.
///
/// Outside a tokio runtime the rest is dropped, and the log says so: the process is ending.
pub fn spawn_unfinished(rest: Unfinished) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(rest)),
        Err(error) => {
            tracing::error!(target: "session", %error, "session commit cut off: there is no runtime to finish it");
        }
    }
}

/// Creates the error for a handler that takes a session on a route without one.
///
/// `remedy` says what to change, in the framework's terms. It starts with a verb and has no full
/// stop.
#[must_use]
pub fn missing_session(method: impl fmt::Display, path: &str, remedy: &'static str) -> Error {
    Error::new(ErrorKind::Missing).with_source(MissingSession {
        route: format!("{method} {path}"),
        remedy,
    })
}

/// Returns the status and the body of the response for an error.
///
/// The body of a 413 is the error's message. The body of a 500 or 503 is the status's name and
/// reveals nothing about the application. In debug builds, the body for a [missing
/// session](missing_session) names the route and the remedy.
#[must_use]
pub fn status_and_body(error: &Error) -> (StatusCode, String) {
    let status = error.status();
    let body = match error.source() {
        Some(source) if cfg!(debug_assertions) && source.is::<MissingSession>() => {
            format!("{source}\n\nRelease builds do not show this message.\n")
        }
        _ if status.is_server_error() => status.canonical_reason().unwrap_or_default().to_owned(),
        _ => error.to_string(),
    };
    (status, body)
}

/// Logs an error whose status is 500 or above, with its cause.
///
/// If no tracing subscriber is installed, the first [missing session](missing_session) of the
/// process is written to stderr.
pub fn log_failure(error: &Error) {
    if !error.status().is_server_error() {
        return;
    }
    let cause = error.source().map(ToString::to_string);
    tracing::error!(target: "session", %error, cause, "request failed");
    if let Some(cause) = cause
        && error.kind() == ErrorKind::Missing
        && tracing::dispatcher::get_default(|dispatch| dispatch.is::<NoSubscriber>())
    {
        static WRITE_ONCE: Once = Once::new();
        WRITE_ONCE.call_once(|| {
            // Nobody reads a closed stderr.
            let _ = writeln!(io::stderr(), "session: {cause}");
        });
    }
}

/// The source of the error for a missing session.
#[derive(Debug)]
struct MissingSession {
    route: String,
    remedy: &'static str,
}

impl fmt::Display for MissingSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no session: {}", self.route, self.remedy)
    }
}

impl StdError for MissingSession {}
