//! Responses that stream after the session was saved, and handlers that do not live to save it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, memory, serve, stored};
use futures_util::{SinkExt, StreamExt, stream};
use poem::middleware::CatchPanic;
use poem::test::TestClient;
use poem::web::sse::{Event, SSE};
use poem::web::websocket::{Message, WebSocket};
use poem::{EndpointExt, IntoResponse, Route, handler};
use session_poem::testing::Visitor;
use session_poem::{ErrorKind, Session, SessionError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Three events, each of which reads the session and tries to write it.
#[handler]
async fn events(session: Session) -> Result<SSE, SessionError> {
    session.put("user", "Ada")?;
    let event = move |n: u32| {
        let user: Option<String> = session.get("user").unwrap();
        let put = session.put("n", n).map_err(|error| error.kind());
        assert_eq!(put, Err(ErrorKind::Closed));
        Event::message(format!("{n} {user:?} {put:?}"))
    };
    Ok(SSE::new(stream::iter((1..=3).map(event))))
}

#[tokio::test]
async fn server_sent_events_come_after_the_cookie_and_can_read_but_not_write() {
    let (sessions, middleware) = memory();
    let client = TestClient::new(events.with(middleware));
    let mut ada = sessions.guest();
    let response = client.get("/").send().await.0;
    ada.receive_headers(response.headers());
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    // The handler's own Cache-Control, which is poem's, stays.
    assert_eq!(response.headers()["cache-control"], "no-cache");
    // Saved before the first event.
    assert_eq!(stored(&ada).await, r#"{"user":"Ada"} {}"#);
    let body = response.into_body().into_string().await.unwrap();
    let expected: String = (1..=3)
        .map(|n| format!("data: {n} Some(\"Ada\") Err(Closed)\n\n"))
        .collect();
    assert_eq!(body, expected);
    assert_eq!(stored(&ada).await, r#"{"user":"Ada"} {}"#);
}

/// Sends what the task of the socket could do with the session.
#[handler]
async fn upgrade(session: Session, socket: WebSocket) -> Result<impl IntoResponse, SessionError> {
    if !session.has("user") {
        session.put("user", "Ada")?;
    }
    Ok(socket.on_upgrade(|mut socket| async move {
        let user: Option<String> = session.get("user").unwrap();
        let put = session.put("late", true).map_err(|error| error.kind());
        let outside = Session::try_current().is_some();
        let inside = session.scope(async { Session::current().unwrap().has("user") });
        let text = format!("{user:?} {put:?} {outside} {}", inside.await);
        socket.send(Message::text(text)).await.unwrap();
    }))
}

async fn connect(address: std::net::SocketAddr, visitor: &mut Visitor) -> (bool, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    let cookie = visitor.cookie().parse().unwrap();
    request.headers_mut().insert("cookie", cookie);
    let (mut socket, response) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    visitor.receive_headers(response.headers());
    let message = socket.next().await.unwrap().unwrap();
    let sets_cookie = response.headers().contains_key("set-cookie");
    (sets_cookie, message.to_text().unwrap().to_owned())
}

#[tokio::test]
async fn an_upgrade_carries_the_cookie_and_its_task_can_read_but_not_write() {
    let (sessions, middleware) = memory();
    let address = serve(upgrade.with(middleware)).await;
    let mut ada = sessions.guest();
    let expected = r#"Some("Ada") Err(Closed) false true"#;
    let first = connect(address, &mut ada).await;
    assert_eq!(first, (true, expected.to_owned()));
    assert_eq!(stored(&ada).await, r#"{"user":"Ada"} {}"#);
    let second = connect(address, &mut ada).await;
    assert_eq!(second, (false, expected.to_owned()), "nothing is new");
}

#[handler]
async fn put_and_panic(session: Session) -> Result<(), SessionError> {
    session.put("user", "nobody")?;
    session.regenerate()?;
    panic!("on purpose")
}

#[handler]
async fn ada_was_here(session: Session) -> Result<(), SessionError> {
    Ok(session.put("user", "Ada")?)
}

#[tokio::test]
async fn a_panic_that_is_caught_outside_of_the_middleware_saves_nothing() {
    let (sessions, middleware) = memory();
    let endpoint = put_and_panic.with(middleware).with(CatchPanic::new());
    let client = TestClient::new(endpoint);
    let mut ada = sessions.visitor(|session| session.put("user", "Ada")).await;
    let answer = get(&client, &mut ada, "/").await;
    assert_eq!((answer.status, answer.set_cookies()), (500, 0));
    assert_eq!(stored(&ada).await, r#"{"user":"Ada"} {}"#);
    assert!(Session::try_current().is_none(), "the panic left the scope");
}

/// To the middleware it is a handler that answered with an error, like any other.
#[tokio::test]
async fn a_panic_that_is_caught_inside_of_the_middleware_is_an_answer_like_any_other() {
    let (sessions, middleware) = memory();
    let endpoint = put_and_panic.with(CatchPanic::new()).with(middleware);
    let mut ada = sessions.guest();
    let answer = get(&TestClient::new(endpoint), &mut ada, "/").await;
    assert_eq!((answer.status, answer.set_cookies()), (500, 1));
    assert_eq!(stored(&ada).await, r#"{"user":"nobody"} {}"#);
}

/// Sends one request and reads until the server hangs up.
async fn raw(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    // A reset is an end, too.
    let _ = stream.read_to_string(&mut response).await;
    response
}

#[tokio::test]
async fn a_panic_that_nobody_catches_ends_its_connection_and_saves_nothing() {
    let (probe, _, middleware) = common::probed(|builder| builder);
    let app = Route::new()
        .at("/ada", ada_was_here)
        .at("/panic", put_and_panic);
    let address = serve(app.with(middleware)).await;
    assert_eq!(raw(address, "/panic").await, "");
    assert_eq!(probe.writes(), 0);
    let response = raw(address, "/ada").await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert_eq!(probe.driver.len(), 1);
}
