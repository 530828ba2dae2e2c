//! The service that the layer creates.

use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use http::Request;
use session_tower::adapter::{self, SessionFuture};
use session_tower::{Error, SessionLayer};
use tower_service::Service;

/// A service whose requests have a session. Created by [`SessionLayer`](crate::SessionLayer).
///
/// The session is saved when the inner service returns a response, whatever its status, and before
/// the body streams. It is also saved if the inner service fails, but without a response there is
/// no cookie: a client with a new session or a new id loses it. So put middleware that fails
/// without a response, such as a timeout, outside this layer.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    layer: SessionLayer,
}

impl<S> SessionService<S> {
    pub(crate) const fn new(inner: S, layer: SessionLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: Send, Future: Send>
        + Clone
        + Send
        + 'static,
    ReqBody: Send + 'static,
    ResBody: Send + 'static,
    Response<ResBody>: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = SessionFuture<S::Future, ResBody, S::Error, Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        adapter::call(&self.layer, &mut self.inner, request, respond)
    }
}

fn respond<B>(result: Result<Response<B>, Error>) -> Response
where
    Response<B>: IntoResponse,
{
    match result {
        Ok(response) => response.into_response(),
        Err(error) => adapter::status_and_body(&error).into_response(),
    }
}
