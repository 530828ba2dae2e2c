//! What the tests of the extractor share: a manager, one request, a real server and the log.
// Each test file takes what it needs of it.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use session_axum::{
    Builder, Driver, Error, Expected, KeyRing, Loaded, MemoryDriver, Record, Saved, Secret,
    SessionId, SessionLayer, SessionManager, async_trait,
};
use tokio::net::TcpListener;
use tower::ServiceExt;

pub(crate) use test_support::Log;

/// A store that can be looked into, and a layer for it.
pub(crate) fn memory() -> (Arc<MemoryDriver>, SessionLayer) {
    let driver = Arc::new(MemoryDriver::new());
    (driver.clone(), layer(driver, |builder| builder))
}

pub(crate) fn layer(driver: impl Driver, set: fn(Builder) -> Builder) -> SessionLayer {
    let builder = SessionManager::builder(driver, Secret::generate().unwrap());
    SessionLayer::new(set(builder).build().unwrap())
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// The Cookie header with which a client answers the one Set-Cookie.
    pub(crate) fn cookie(&self) -> String {
        let lines = self.set_cookies();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].split(';').next().unwrap().to_owned()
    }
}

/// Sends a request with this Cookie header through the router.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

pub(crate) async fn get(app: &Router, path: &str, cookie: &str) -> Answer {
    send(app, request(Method::GET, path, cookie, "")).await
}

pub(crate) async fn post(app: &Router, path: &str, cookie: &str, body: &'static str) -> Answer {
    send(app, request(Method::POST, path, cookie, body)).await
}

fn request(method: Method, path: &str, cookie: &str, body: &'static str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", cookie);
    request.body(Body::from(body)).unwrap()
}

/// What the session of this Cookie header holds: data and flash. Looking does not age it.
pub(crate) async fn stored(layer: &SessionLayer, cookie: &str) -> String {
    let token = cookie.strip_prefix("session=").unwrap();
    let session = layer.manager().open(Some(token)).await.unwrap();
    let (data, flash) = (session.all().to_json(), session.all_flash().to_json());
    format!("{data} {flash}")
}

/// Serves the router on a real port.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

/// A store that is down.
#[derive(Debug)]
pub(crate) struct Down;

#[async_trait]
impl Driver for Down {
    async fn load(&self, _: &str) -> Result<Option<Loaded>, Error> {
        Err(Error::unavailable("connection refused"))
    }

    async fn save(
        &self,
        _: &Record,
        _: Expected<'_>,
        _: std::time::Duration,
    ) -> Result<Saved, Error> {
        Err(Error::unavailable("connection refused"))
    }

    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        Err(Error::unavailable("connection refused"))
    }

    fn can_revoke(&self) -> bool {
        true
    }
}

/// A layer over a store that is down, and a Cookie header that makes it ask the store.
pub(crate) fn down(set: fn(Builder) -> Builder) -> (SessionLayer, String) {
    let keys = KeyRing::new(Secret::new("0123456789abcdef0123456789abcdef").unwrap());
    let cookie = format!("session={}", keys.sign("some-id".to_owned()));
    let builder = SessionManager::builder(Down, keys);
    (SessionLayer::new(set(builder).build().unwrap()), cookie)
}
