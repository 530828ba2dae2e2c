//! axum: bare, with a layer that does nothing, and with our sessions.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use session_axum::{Session, SessionLayer, SessionManager, SessionRejection};
use tower::{Layer, Service};

use super::status;
use crate::app::{App, Route};
use crate::tower::in_process;
use crate::values;

/// The routes without sessions.
pub fn bare() -> impl App {
    in_process(bare_routes)
}

/// The routes with a minimal layer, for the cost that any layer has.
pub fn pass_through() -> impl App {
    in_process(move || bare_routes().layer(PassThrough))
}

/// The routes with our sessions.
pub fn ours(manager: SessionManager) -> impl App {
    in_process(move || router(manager))
}

/// The whole application with our sessions.
pub fn router(manager: SessionManager) -> Router {
    routes!(seed, read, write, check).layer(SessionLayer::new(manager))
}

pub fn bare_routes() -> Router {
    Router::new()
        .route(Route::Seed.path(), get(untouched))
        .route(Route::Untouched.path(), get(untouched))
        .route(Route::Read.path(), get(untouched))
        .route(Route::Write.path(), get(untouched))
}

async fn seed(session: Session) -> Result<StatusCode, SessionRejection> {
    for (key, value) in values::all() {
        session.put(&key, value)?;
    }
    Ok(StatusCode::OK)
}

pub async fn untouched() -> StatusCode {
    StatusCode::OK
}

async fn read(session: Session) -> Result<StatusCode, SessionRejection> {
    Ok(status(values::found(session.get("user_id")?)))
}

async fn write(session: Session) -> Result<StatusCode, SessionRejection> {
    let visits: u64 = session.get_or("visits", 0)?;
    session.put("visits", visits + 1)?;
    Ok(StatusCode::OK)
}

async fn check(session: Session) -> Result<StatusCode, SessionRejection> {
    Ok(status(values::written(session.get("visits")?)))
}

/// Boxes the inner service's future, and calls the service that was polled ready, like any layer
/// that has to await something.
#[derive(Clone)]
struct PassThrough;

#[derive(Clone)]
struct PassedThrough<S>(S);

impl<S> Layer<S> for PassThrough {
    type Service = PassedThrough<S>;

    fn layer(&self, inner: S) -> PassedThrough<S> {
        PassedThrough(inner)
    }
}

impl<S: Service<Request<B>> + Clone + Send + 'static, B: Send + 'static> Service<Request<B>>
    for PassedThrough<S>
where
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.0.clone();
        let mut inner = std::mem::replace(&mut self.0, clone);
        Box::pin(async move { inner.call(request).await })
    }
}
