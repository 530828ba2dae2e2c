//! The server, over real connections.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use common::{Browser, probed, visits};
use session_warp::testing::TestSessions;
use session_warp::{Listener, Session, SessionManager};
use test_support::http::Transcript;
use test_support::probe::Hold;
use test_support::{redis::free_port, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceExt};
use warp::{Filter, Rejection, Reply};

/// `/visits` and `/remote`.
fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let remote = |address: Option<SocketAddr>| format!("{address:?}");
    warp::path!("visits")
        .and(session_warp::session())
        .then(visits)
        .or(warp::path!("remote")
            .and(session_warp::remote())
            .map(remote))
}

async fn listen() -> (TcpListener, Browser) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let browser = Browser::new(&format!("http://{}", listener.local_addr().unwrap()));
    (listener, browser)
}

fn sessions() -> SessionManager {
    TestSessions::new().manager()
}

#[tokio::test]
async fn an_address_is_bound_and_served() {
    let port = free_port();
    let address = ([127, 0, 0, 1], port);
    tokio::spawn(session_warp::serve(routes(), sessions()).run(address));
    until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    let browser = Browser::new(&format!("http://127.0.0.1:{port}"));
    let first = browser.get("/visits").await;
    assert_eq!(first.body, "1");
    let second = browser.with_cookie("/visits", &first.cookie()).await;
    assert_eq!(second.body, "2");
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let server = session_warp::serve(routes(), sessions());
    let error = server.run(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn http_1_and_http_2_are_spoken_on_one_port() {
    let (listener, browser) = listen().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        session_warp::serve(routes(), sessions())
            .incoming(listener)
            .run(),
    );
    let first = browser.get("/visits").await;
    let base = format!("http://{address}");
    let http_2 = Browser::with(&base, Transcript::default(), |client| {
        client.http2_prior_knowledge()
    });
    let second = http_2.with_cookie("/visits", &first.cookie()).await;
    assert_eq!((&*first.body, &*second.body), ("1", "2"));
}

/// The request is under way in its store when the signal comes.
#[tokio::test]
async fn at_the_signal_no_connection_is_accepted_and_the_requests_under_way_are_answered() {
    let (probe, sessions) = probed(|builder| builder);
    let (listener, browser) = listen().await;
    let address = listener.local_addr().unwrap();
    let signal = Arc::new(Notify::new());
    let told = signal.clone();
    let server = session_warp::serve(routes(), sessions.manager())
        .incoming(listener)
        .graceful(async move { told.notified().await });
    let server = tokio::spawn(server.run());
    probe.hold(Hold::Save);
    let slow = tokio::spawn(async move { browser.get("/visits").await });
    probe.held().await;
    signal.notify_one();
    until(|| std::net::TcpStream::connect(address).is_err()).await;
    assert!(!server.is_finished());
    probe.hold(Hold::Nothing);
    let answer = slow.await.unwrap();
    assert_eq!(answer.body, "1");
    assert_eq!(answer.set_cookies().len(), 1);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_told_to_end_before_it_runs_ends() {
    let server = session_warp::serve(routes(), sessions()).graceful(async {});
    server.run(([127, 0, 0, 1], 0)).await.unwrap();
}

/// A layer that waits for its turn, and one that changes the body.
#[tokio::test]
async fn an_application_with_more_layers_is_served() {
    let app = session_warp::service(routes(), sessions());
    let app = app.map_response(|response| response.map(|_| "another body".to_owned()));
    let app = ConcurrencyLimitLayer::new(1).layer(app);
    let (listener, browser) = listen().await;
    tokio::spawn(session_warp::Server::new(app).incoming(listener).run());
    let (one, other) = tokio::join!(browser.get("/visits"), browser.get("/visits"));
    for answer in [one, other] {
        assert_eq!(answer.body, "another body");
        assert_eq!(answer.set_cookies().len(), 1);
    }
}

#[tokio::test]
async fn the_remote_address_is_that_of_the_client() {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        session_warp::serve(routes(), sessions())
            .incoming(listener)
            .run(),
    );
    let stream = TcpStream::connect(address).await.unwrap();
    let local = stream.local_addr().unwrap();
    let answer = raw(stream, "/remote").await;
    assert!(
        answer.ends_with(&format!("\r\n\r\nSome({local})")),
        "{answer}"
    );
}

#[tokio::test]
async fn the_remote_address_is_there_under_warps_server_and_in_its_tests() {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes()).incoming(listener).run());
    let stream = TcpStream::connect(address).await.unwrap();
    let local = stream.local_addr().unwrap();
    let answer = raw(stream, "/remote").await;
    assert!(
        answer.ends_with(&format!("\r\n\r\nSome({local})")),
        "{answer}"
    );
    let request = warp::test::request().path("/remote").remote_addr(local);
    let reply = request.reply(&routes()).await;
    assert_eq!(reply.body(), &format!("Some({local})"));
}

#[tokio::test]
async fn a_unix_socket_has_sessions_and_no_remote_address() {
    let name = format!("session-warp-{}.socket", std::process::id());
    let path = std::env::temp_dir().join(name);
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(
        session_warp::serve(routes(), sessions())
            .incoming(listener)
            .run(),
    );
    let visits = raw(UnixStream::connect(&path).await.unwrap(), "/visits").await;
    assert!(visits.contains("\r\nset-cookie: session="), "{visits}");
    let remote = raw(UnixStream::connect(&path).await.unwrap(), "/remote").await;
    assert!(remote.ends_with("\r\n\r\nNone"), "{remote}");
    std::fs::remove_file(&path).unwrap();
}

/// A listener of an application's own. It fails first.
struct Failing {
    errors: VecDeque<Error>,
    listener: TcpListener,
}

impl Listener for Failing {
    type Io = TcpStream;

    async fn accept(&mut self) -> Result<(TcpStream, Option<SocketAddr>)> {
        match self.errors.pop_front() {
            Some(error) => Err(error),
            None => Listener::accept(&mut self.listener).await,
        }
    }
}

#[tokio::test]
async fn a_listener_that_fails_is_asked_again() {
    let log = common::Log::capture();
    let (listener, browser) = listen().await;
    let errors = [
        ErrorKind::ConnectionAborted.into(),
        Error::other("no file handle left"),
    ];
    let listener = Failing {
        errors: errors.into(),
        listener,
    };
    tokio::spawn(
        session_warp::serve(routes(), sessions())
            .incoming(listener)
            .run(),
    );
    assert_eq!(browser.get("/visits").await.body, "1");
    let line = "cannot accept connections, trying again in a second error=";
    assert_eq!(log.count(line), 1, "{}", log.text());
    assert_eq!(log.count(&format!("{line}no file handle left")), 1);
}

/// Sends one request, and reads until the server hangs up.
async fn raw(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// The task of a socket can read the session, and not write it.
#[tokio::test]
async fn a_web_socket_has_the_session_that_was_saved_with_its_upgrade() {
    use futures_util::{SinkExt, StreamExt};

    async fn report(session: Session, mut socket: warp::ws::WebSocket) {
        let user: Option<String> = session.get("user").unwrap();
        let put = session.put("late", true).map_err(|error| error.kind());
        let text = format!("{user:?} {put:?}");
        socket.send(warp::ws::Message::text(text)).await.unwrap();
    }
    let upgrade = |session: Session, ws: warp::ws::Ws| {
        session.put("user", "Ada").unwrap();
        ws.on_upgrade(|socket| report(session, socket))
    };
    let routes = session_warp::session().and(warp::ws()).map(upgrade);
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        session_warp::serve(routes, sessions())
            .incoming(listener)
            .run(),
    );
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/");
    let (mut socket, response) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(response.status(), 101);
    assert!(response.headers().contains_key("set-cookie"));
    let message = socket.next().await.unwrap().unwrap();
    assert_eq!(message.to_text().unwrap(), r#"Some("Ada") Err(Closed)"#);
}
