//! The server, over real connections.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use session_warp::testing::TestSessions;
use session_warp::{Listener, SessionManager};
use test_support::probe::Hold;
use test_support::{Log, redis::free_port, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceExt};
use warp::{Filter, Rejection, Reply};

use crate::common::{Browser, probed, visits};

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
async fn the_server_binds_its_address() {
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
async fn a_taken_address_is_an_error() {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let server = session_warp::serve(routes(), sessions());
    let error = server.run(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// The request waits for its store when the signal comes.
#[tokio::test]
async fn shutdown_accepts_no_connections_and_finishes_requests() {
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
async fn a_server_can_be_shut_down_before_it_runs() {
    let server = session_warp::serve(routes(), sessions()).graceful(async {});
    server.run(([127, 0, 0, 1], 0)).await.unwrap();
}

/// One layer limits concurrency, the other changes the body.
#[tokio::test]
async fn a_service_with_more_layers_can_be_served() {
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
async fn the_remote_address_is_the_clients() {
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
async fn the_remote_address_works_under_warps_server_and_in_its_tests() {
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
async fn a_unix_socket_has_sessions_but_no_remote_address() {
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

/// An application's own listener, which first fails.
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
async fn a_failing_listener_is_tried_again() {
    let log = Log::capture();
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

/// Sends one request and reads until the server closes the connection.
async fn raw(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}
