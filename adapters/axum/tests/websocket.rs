//! A WebSocket over a real connection: what is saved with the upgrade, and what its task may still do.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use common::{memory, serve, stored};
use futures_util::StreamExt;
use session_axum::{ErrorKind, Session, SessionRejection};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// What the task of the socket could do with the session.
async fn report(session: Session, mut socket: WebSocket) {
    let user: Option<String> = session.get("user").unwrap();
    let put = session.put("late", true).map_err(|error| error.kind());
    assert_eq!(put, Err(ErrorKind::Closed));
    let outside = Session::try_current().is_some();
    let inside = session
        .scope(async { Session::current().unwrap().get::<String>("user").unwrap() })
        .await;
    let text = format!("{user:?} {put:?} {outside} {inside:?}");
    socket.send(text.into()).await.unwrap();
}

async fn upgrade(session: Session, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| report(session, socket))
}

async fn put_and_upgrade(
    session: Session,
    upgrade: WebSocketUpgrade,
) -> Result<Response, SessionRejection> {
    session.put("user", "Ada")?;
    Ok(upgrade.on_upgrade(|socket| report(session, socket)))
}

/// Opens a socket; returns the Set-Cookie lines of the upgrade and the first message.
async fn connect(address: SocketAddr, path: &str, cookie: &str) -> (Vec<String>, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}{path}");
    let mut request = url.into_client_request().unwrap();
    if !cookie.is_empty() {
        request
            .headers_mut()
            .insert("cookie", cookie.parse().unwrap());
    }
    let (mut socket, response) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    let lines = response.headers().get_all("set-cookie").iter();
    let lines = lines.map(|line| line.to_str().unwrap().to_owned());
    let message = socket.next().await.unwrap().unwrap();
    (lines.collect(), message.to_text().unwrap().to_owned())
}

#[tokio::test]
async fn an_upgrade_carries_the_cookie_and_its_task_can_read_but_not_write() {
    let (driver, layer) = memory();
    let app = Router::new()
        .route("/put", get(put_and_upgrade))
        .layer(layer.clone());
    let address = serve(app).await;
    let (lines, message) = connect(address, "/put", "").await;
    assert_eq!(message, r#"Some("Ada") Err(Closed) false Some("Ada")"#);
    assert_eq!(lines.len(), 1);
    let cookie = lines[0].split(';').next().unwrap();
    assert_eq!(stored(&layer, cookie).await, r#"{"user":"Ada"} {}"#);
    assert_eq!(driver.len(), 1);
}

#[tokio::test]
async fn an_upgrade_that_changes_nothing_sets_no_cookie() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/put", get(put_and_upgrade))
        .route("/", get(upgrade))
        .layer(layer.clone());
    let address = serve(app).await;
    let (lines, _) = connect(address, "/put", "").await;
    let cookie = lines[0].split(';').next().unwrap();
    let (lines, message) = connect(address, "/", cookie).await;
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(message, r#"Some("Ada") Err(Closed) false Some("Ada")"#);
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_refused_with_its_session_as_it_was() {
    let (driver, layer) = memory();
    let app = Router::new().route("/", get(put_and_upgrade)).layer(layer);
    let answer = common::get(&app, "/", "").await;
    assert!(answer.status.is_client_error());
    assert!(answer.set_cookies().is_empty());
    assert!(driver.is_empty());
}
