//! The service that the layer creates.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use http::Request;
use session_tower::SessionManager;
use session_tower::adapter::{self, Failure};
use tower_service::Service;

use crate::SessionRejection;

/// A service whose requests have a session. Created by [`SessionLayer`](crate::SessionLayer).
///
/// The session is saved when the inner service returns a response, whatever its status, and before the body streams. It
/// is also saved if the inner service fails, but without a response there is no cookie: a client with a new session or a
/// new id loses it. So put middleware that fails without a response, such as a timeout, outside this layer.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    manager: SessionManager,
}

impl<S> SessionService<S> {
    pub(crate) const fn new(inner: S, manager: SessionManager) -> Self {
        Self { inner, manager }
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
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Only the service that was polled is ready.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        let response = adapter::call(&self.manager, ready, request);
        Box::pin(async move {
            match response.await {
                Ok(response) => Ok(response.into_response()),
                Err(Failure::Session(error)) => Ok(SessionRejection::from(error).into_response()),
                Err(Failure::Service(error)) => Err(error),
            }
        })
    }
}
