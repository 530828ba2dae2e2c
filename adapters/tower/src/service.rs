//! The service that the layer creates.

use std::task::{Context, Poll};

use http::{Request, Response};
use session_core::Error;
use tower_service::Service;

use crate::adapter::{self, SessionFuture};
use crate::{ResponseBody, SessionLayer};

/// A service whose requests have a session. Created by [`SessionLayer`].
///
/// The session is saved when the inner service returns a response, whatever its status, and before
/// the body streams. If the inner service fails without a response, no cookie can be sent: changes
/// of a stored session are saved and a logout is carried out, but no session is created and no id is
/// regenerated.
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
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = SessionFuture<S::Future, ResBody, S::Error, Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        adapter::call(&self.layer, &mut self.inner, request, respond)
    }
}

fn respond<B>(result: Result<Response<B>, Error>) -> Response<ResponseBody<B>> {
    match result {
        Ok(response) => response.map(ResponseBody::new),
        Err(error) => {
            let mut response = Response::new(ResponseBody::default());
            *response.status_mut() = error.status();
            response
        }
    }
}
