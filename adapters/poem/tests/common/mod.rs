//! What the tests of the adapter share: a store that can be broken, and one request of a visitor's.
// Each test file takes what it needs of it.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;

use poem::http::{HeaderMap, Method, StatusCode};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::test::TestClient;
use poem::{Endpoint, Server};
use session_poem::testing::{TestSessions, Visitor};
use session_poem::{Builder, Secret, SessionManager, SessionMiddleware};
use test_support::probe::Probe;

pub(crate) use test_support::Log;

/// Sessions in memory, and their middleware.
pub(crate) fn memory() -> (TestSessions, SessionMiddleware) {
    let sessions = TestSessions::new();
    let middleware = sessions.manager().into();
    (sessions, middleware)
}

/// Sessions in a store that can be held and broken, with further settings.
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

/// A visitor's request, whose answer the visitor takes.
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

/// What the visitor's session holds: data and flash.
pub(crate) async fn stored(visitor: &Visitor) -> String {
    let session = visitor.session().await;
    let (data, flash) = (session.all().to_json(), session.all_flash().to_json());
    format!("{data} {flash}")
}

/// Serves the endpoint on a real port.
pub(crate) async fn serve(endpoint: impl Endpoint + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0");
    let acceptor = listener.into_acceptor().await.unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
    address
}
