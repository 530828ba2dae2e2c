//! A handler that takes a session on a route without the middleware.

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::test::TestClient;
use poem::{Endpoint, EndpointExt, Route, Server, handler};
use session_poem::testing::TestSessions;
use session_poem::{Session, SessionError};
use test_support::Log;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{count, get, has_session, memory};

/// Sends the request, and asserts that the log and the response name this route and the fix.
async fn assert_explained(endpoint: impl Endpoint, path: &str) {
    let log = Log::capture();
    let mut guest = TestSessions::new().guest();
    let answer = get(&TestClient::new(endpoint), &mut guest, path).await;
    assert_eq!(answer.status, 500);
    let explanation =
        format!("GET {path} has no session: add `.with(SessionMiddleware::new(manager))`");
    assert_eq!(log.count(&explanation), 1, "{}", log.text());
    assert_eq!(log.take().len(), 1);
    let is_explained = answer.body.starts_with(&explanation);
    assert_eq!(is_explained, cfg!(debug_assertions), "{}", answer.body);
}

#[tokio::test]
async fn a_route_without_the_middleware_is_named_with_the_fix() {
    assert_explained(Route::new().at("/visits", count), "/visits").await;
}

/// Over a connection, because poem's `TestClient` does not set the whole path.
#[tokio::test]
async fn a_nested_route_is_named_with_its_whole_path() {
    let log = Log::capture();
    let api = Route::new().at("/visits", count);
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await;
    let acceptor = acceptor.unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(Route::new().nest("/api", api)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /api/visits HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let cause = "cause=\"GET /api/visits has no session: ";
    assert_eq!(log.count(cause), 1, "{}", log.text());
}

#[tokio::test]
async fn a_fallback_outside_the_middleware_is_named_with_the_fix() {
    let (_, middleware) = memory();
    let app = Route::new()
        .at("/in", count.with(middleware))
        .at("/*path", count);
    assert_explained(app, "/nothing").await;
}

#[tokio::test]
async fn an_optional_session_may_be_missing() {
    let log = Log::capture();
    let (sessions, middleware) = memory();
    let without = TestClient::new(has_session);
    let answer = get(&without, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, "false");
    assert_eq!(log.text(), "");
    let with = TestClient::new(has_session.with(middleware));
    assert_eq!(get(&with, &mut sessions.guest(), "/").await.body, "true");
}

/// The handler deals with the failure, so it is not logged.
#[tokio::test]
async fn a_handled_failure_is_not_logged() {
    #[handler]
    async fn failing(session: poem::Result<Session>) -> String {
        let error = session.unwrap_err();
        let error: &SessionError = error.downcast_ref().unwrap();
        format!("{:?}", error.error().kind())
    }
    let log = Log::capture();
    let mut guest = TestSessions::new().guest();
    let answer = get(&TestClient::new(failing), &mut guest, "/").await;
    assert_eq!(answer.body, "Missing");
    assert_eq!(log.text(), "");
}
