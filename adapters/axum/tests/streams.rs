//! Responses that stream after the session was saved, and handlers that do not live to save it.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use common::{memory, serve, stored};
use futures_util::{FutureExt, Stream, stream};
use session_axum::{ErrorKind, Session, SessionRejection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

type Events = Sse<Box<dyn Stream<Item = Result<Event, Infallible>> + Send + Unpin>>;

/// Three events, each of which reads the session and tries to write it.
async fn events(session: Session) -> Result<Events, SessionRejection> {
    session.put("user", "Ada")?;
    let event = move |n: u32| {
        let user: Option<String> = session.get("user").unwrap();
        let put = session.put("n", n).map_err(|error| error.kind());
        assert_eq!(put, Err(ErrorKind::Closed));
        Ok(Event::default().data(format!("{n} {user:?} {put:?}")))
    };
    let events = stream::iter((1..=3).map(event));
    Ok(Sse::new(Box::new(events)))
}

#[tokio::test]
async fn server_sent_events_come_after_the_cookie_and_can_read_but_not_write() {
    let (driver, layer) = memory();
    let app = Router::new().route("/", get(events)).layer(layer.clone());
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    // The handler's own Cache-Control, which is axum's, stays.
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let line = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = line.split(';').next().unwrap().to_owned();
    // Saved before the first event.
    assert_eq!(stored(&layer, &cookie).await, r#"{"user":"Ada"} {}"#);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let expected: String = (1..=3)
        .map(|n| format!("data: {n} Some(\"Ada\") Err(Closed)\n\n"))
        .collect();
    assert_eq!(body, expected);
    assert_eq!(stored(&layer, &cookie).await, r#"{"user":"Ada"} {}"#);
    assert_eq!(driver.len(), 1);
}

async fn put_and_panic(session: Session) -> Result<(), SessionRejection> {
    session.put("user", "nobody")?;
    session.regenerate()?;
    panic!("on purpose")
}

/// Turns a panic into a 500, so that the connection stays.
async fn catch(request: Request, next: Next) -> Response {
    let caught = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    caught.unwrap_or_else(|_| (StatusCode::INTERNAL_SERVER_ERROR, "caught").into_response())
}

async fn ada(session: Session) -> Result<(), SessionRejection> {
    Ok(session.put("user", "Ada")?)
}

#[tokio::test]
async fn a_panic_that_is_caught_outside_of_the_layer_saves_nothing() {
    let (driver, layer) = memory();
    let app = Router::new()
        .route("/ada", get(ada))
        .route("/panic", get(put_and_panic))
        .layer(layer.clone())
        .layer(middleware::from_fn(catch));
    let cookie = common::get(&app, "/ada", "").await.cookie();
    for cookies in ["", &cookie] {
        let answer = common::get(&app, "/panic", cookies).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (500, "caught"));
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(stored(&layer, &cookie).await, r#"{"user":"Ada"} {}"#);
    assert_eq!(driver.len(), 1);
    assert!(Session::try_current().is_none(), "the panic left the scope");
}

/// To the layer it is a handler that answered with an error, like any other.
#[tokio::test]
async fn a_panic_that_is_caught_inside_of_the_layer_is_an_answer_like_any_other() {
    let (driver, layer) = memory();
    let app = Router::new()
        .route("/panic", get(put_and_panic))
        .layer(middleware::from_fn(catch))
        .layer(layer.clone());
    let answer = common::get(&app, "/panic", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        stored(&layer, &answer.cookie()).await,
        r#"{"user":"nobody"} {}"#
    );
    assert_eq!(driver.len(), 1);
}

/// Sends one request and reads until the server hangs up.
async fn raw(stream: &mut TcpStream, path: &str, more: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    // A reset is an end, too.
    let _ = stream.read_to_string(&mut response).await;
    response
}

#[tokio::test]
async fn a_panic_that_nobody_catches_ends_its_connection_and_saves_nothing() {
    let (driver, layer) = memory();
    let app = Router::new()
        .route("/ada", get(ada))
        .route("/panic", get(put_and_panic))
        .layer(layer);
    let address = serve(app).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(raw(&mut stream, "/panic", "").await, "");
    assert!(driver.is_empty());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let response = raw(&mut stream, "/ada", "connection: close\r\n").await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert_eq!(driver.len(), 1);
}
