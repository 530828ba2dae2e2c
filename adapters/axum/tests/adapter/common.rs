//! Requests of a visitor to a router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use session_axum::testing::{TestSessions, Visitor};
use session_axum::{Session, SessionLayer, SessionRejection};
use tower::ServiceExt;

/// Sessions in memory, and a layer for them.
pub(crate) fn memory() -> (TestSessions, SessionLayer) {
    let sessions = TestSessions::new();
    let layer = sessions.manager().into();
    (sessions, layer)
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Sends a visitor's request, such as `GET /`, through the router. The visitor keeps the cookie.
pub(crate) async fn send(app: &Router, visitor: &mut Visitor, request: &str) -> Answer {
    let (method, path) = request.split_once(' ').unwrap();
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", visitor.cookie());
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    visitor.receive_headers(response.headers());
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

/// Sends a new visitor's request.
pub(crate) async fn send_once(app: &Router, request: &str) -> Answer {
    send(app, &mut TestSessions::new().guest(), request).await
}

pub(crate) async fn count(session: Session) -> Result<String, SessionRejection> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

pub(crate) async fn has_session(session: Option<Session>) -> String {
    session.is_some().to_string()
}
