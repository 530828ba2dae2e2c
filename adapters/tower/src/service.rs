//! The service that the layer makes.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use session_core::{Error, Exchange, SessionManager, Unfinished};
use tokio::runtime::Handle;
use tower_service::Service;

/// A service whose requests have a session. Made by [`SessionLayer`](crate::SessionLayer).
///
/// The session is saved when the inner service answers, be it with an error status, and before the body
/// streams. When the inner service fails instead, the session is saved too and the failure passed on. There is no
/// response to carry a cookie then, so a client whose session was new or got a new id loses it: put what fails by itself,
/// such as a time limit, around the layer and not inside of it.
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
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Send + 'static,
    ResBody: Default + Send,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        // The service that was polled ready is the one to call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let exchange = Exchange::new(&self.manager, request.headers());
        if !exchange.attach(request.extensions_mut()) {
            return Box::pin(inner.call(request));
        }
        Box::pin(async move {
            if let Err(error) = exchange.open().await {
                return Ok(refusal(&error));
            }
            let future = exchange.scope_sync(|| inner.call(request));
            match exchange.scope(future).await {
                Ok(mut response) => match exchange.commit(response.headers_mut(), finish).await {
                    Ok(()) => Ok(response),
                    Err(error) => Ok(refusal(&error)),
                },
                Err(error) => {
                    // There is no response to put a cookie on. What fails here is in the log.
                    let _ = exchange.commit(&mut http::HeaderMap::new(), finish).await;
                    Err(error)
                }
            }
        })
    }
}

/// Runs the rest of a commit whose client went away, in the background. For adapters.
pub fn finish(rest: Unfinished) {
    // Without a runtime there is nobody who could: the process is ending.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(rest);
    }
}

fn refusal<B: Default>(error: &Error) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = error.status();
    response
}
