//! The service that the layer creates.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use session_core::Error;
use tower_service::Service;

use crate::{ResponseBody, SessionLayer, adapter};

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
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Only the service that was polled is ready.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(adapter::call(&self.layer, ready, request, respond))
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
