//! Requests of a visitor, and a store that fails.

use std::sync::Arc;

use poem::http::{HeaderMap, Method};
use poem::test::TestClient;
use poem::{Endpoint, handler};
use session_poem::testing::{TestSessions, Visitor};
use session_poem::{Builder, Secret, Session, SessionError, SessionManager, SessionMiddleware};
use test_support::probe::Probe;

/// Sessions in memory, and their middleware.
pub(crate) fn memory() -> (TestSessions, SessionMiddleware) {
    let sessions = TestSessions::new();
    let middleware = sessions.manager().into();
    (sessions, middleware)
}

/// Sessions in a store that can be watched and broken.
pub(crate) fn probed(set: fn(Builder) -> Builder) -> (Arc<Probe>, TestSessions, SessionMiddleware) {
    let probe = Arc::new(Probe::default());
    let driver = probe.clone();
    let sessions =
        TestSessions::with(|_| set(SessionManager::builder(driver, Secret::generate().unwrap())));
    let middleware = sessions.manager().into();
    (probe, sessions, middleware)
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn set_cookies(&self) -> usize {
        self.headers.get_all("set-cookie").iter().count()
    }
}

/// Sends a visitor's request, such as `GET /`. The visitor keeps the cookie.
pub(crate) async fn send<E: Endpoint>(
    client: &TestClient<E>,
    visitor: &mut Visitor,
    request: &str,
    body: &'static str,
) -> Answer {
    let (method, path) = request.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let request = client.request(method, path).body(body);
    let response = request.header("cookie", visitor.cookie()).send().await.0;
    visitor.receive_headers(response.headers());
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.into_body().into_string().await.unwrap(),
    }
}

pub(crate) async fn get<E: Endpoint>(
    client: &TestClient<E>,
    visitor: &mut Visitor,
    path: &str,
) -> Answer {
    send(client, visitor, &format!("GET {path}"), "").await
}

/// Returns the visitor's data and flash.
pub(crate) async fn stored(visitor: &Visitor) -> String {
    let session = visitor.session().await;
    let (data, flash) = (session.all().to_json(), session.all_flash().to_json());
    format!("{data} {flash}")
}

#[handler]
pub(crate) async fn count(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

#[handler]
pub(crate) async fn has_session(session: Option<Session>) -> String {
    session.is_some().to_string()
}
