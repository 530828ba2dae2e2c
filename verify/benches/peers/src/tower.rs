//! Applications that are tower services: axum's and warp's.

use std::convert::Infallible;

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, Request, Response, Uri};
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt as _};

use crate::app::{Answer, App, Route};
use crate::client::{Client, Executor, InProcess};

/// A client of a service.
#[derive(Clone, Debug)]
pub struct TowerClient<S> {
    service: S,
    cookie: Option<HeaderValue>,
}

/// An application on a single-threaded runtime.
pub fn in_process<S, B>(service: impl FnOnce() -> S) -> impl App
where
    S: Service<Request<String>, Response = Response<B>, Error = Infallible>,
{
    InProcess::new(runtime(), async || TowerClient::new(service()))
}

/// Returns a runtime for the current thread.
pub fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime starts")
}

impl<S> TowerClient<S> {
    pub const fn new(service: S) -> Self {
        Self {
            service,
            cookie: None,
        }
    }
}

impl<S, B> Client for TowerClient<S>
where
    S: Service<Request<String>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;

    fn take_cookie(&mut self, cookie: Option<&str>) {
        self.cookie = cookie.map(header);
    }

    async fn send(&mut self, route: Route) -> Response<B> {
        let mut request = Request::new(String::new());
        *request.uri_mut() = Uri::from_static(route.path());
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, cookie.clone());
        }
        let Ok(service) = self.service.ready().await;
        let Ok(response) = service.call(request).await;
        response
    }

    fn answer(response: &Response<B>) -> Answer {
        Answer {
            status: response.status().as_u16(),
            set_cookie: response.headers().get(SET_COOKIE).map(text),
        }
    }
}

impl Executor for Runtime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

pub fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("it is a header")
}

pub fn text(value: &HeaderValue) -> String {
    value.to_str().expect("it is ASCII").to_owned()
}
