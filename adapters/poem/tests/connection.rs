//! Over a real connection: HTTP/1.1 with several requests, bodies that stream, and clients that hang up.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use common::{memory, probed, serve, stored};
use futures_util::{StreamExt, stream};
use poem::http::HeaderMap;
use poem::{Body, Endpoint, EndpointExt, Request, Response, Route, handler};
use session_poem::testing::Visitor;
use session_poem::{Session, SessionError};
use test_support::probe::Hold;
use test_support::until;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

#[handler]
async fn visits(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

/// A connection that speaks HTTP/1.1.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn new(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    async fn ask(&mut self, path: &str, visitor: &Visitor) {
        let cookie = visitor.cookie();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    /// The head of a response, whose cookie the visitor takes.
    async fn head(&mut self, visitor: &mut Visitor) -> HeaderMap {
        assert_eq!(self.line().await, "HTTP/1.1 200 OK");
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            let name: poem::http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        visitor.receive_headers(&headers);
        headers
    }

    async fn body(&mut self, visitor: &mut Visitor) -> String {
        let length = self.head(visitor).await["content-length"]
            .to_str()
            .unwrap()
            .parse();
        let mut body = vec![0; length.unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        String::from_utf8(body).unwrap()
    }
}

#[tokio::test]
async fn requests_on_one_connection_each_have_their_own_session() {
    let (sessions, middleware) = memory();
    let address = serve(visits.with(middleware)).await;
    let mut connection = Connection::new(address).await;
    let (mut ada, mut bob) = (sessions.guest(), sessions.guest());
    for (visitor, expected) in [(&mut ada, "1"), (&mut bob, "1")] {
        connection.ask("/", visitor).await;
        assert_eq!(connection.body(visitor).await, expected);
    }
    // Both are under way before the first is answered.
    connection.ask("/", &ada).await;
    connection.ask("/", &bob).await;
    assert_eq!(connection.body(&mut ada).await, "2");
    assert_eq!(connection.body(&mut bob).await, "2");
    assert_ne!(ada.cookie(), bob.cookie());
}

#[tokio::test]
async fn the_cookie_is_there_before_the_body_ends() {
    let (chunks, received) = mpsc::channel::<&str>(1);
    let received = Arc::new(std::sync::Mutex::new(Some(received)));
    let endpoint = poem::endpoint::make_sync(move |_| {
        Session::current()?.put("a", 1)?;
        let chunks = received.lock().unwrap().take().unwrap();
        let chunks = stream::unfold(chunks, async |mut chunks| {
            let chunk = chunks.recv().await?;
            Some((Ok::<_, std::io::Error>(chunk), chunks))
        });
        let body = Body::from_bytes_stream(chunks.boxed());
        Ok::<_, SessionError>(Response::builder().body(body))
    });
    let (sessions, middleware) = memory();
    let address = serve(endpoint.with(middleware)).await;
    let mut connection = Connection::new(address).await;
    let mut ada = sessions.guest();
    connection.ask("/", &ada).await;
    let headers = connection.head(&mut ada).await;
    assert_eq!(headers["transfer-encoding"], "chunked");
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
    chunks.send("the end").await.unwrap();
    drop(chunks);
    let lines = [connection.line().await, connection.line().await];
    assert_eq!(lines, ["7", "the end"]);
}

#[tokio::test]
async fn a_body_that_streams_in_is_read_under_the_middleware() {
    #[handler]
    async fn upload(session: Session, body: String) -> Result<String, SessionError> {
        session.put("length", body.len())?;
        Ok(body)
    }
    let (sessions, middleware) = memory();
    let address = serve(upload.with(middleware)).await;
    let mut connection = Connection::new(address).await;
    let head = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.0.write_all(head).await.unwrap();
    for chunk in ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"] {
        connection.0.write_all(chunk.as_bytes()).await.unwrap();
    }
    let mut ada = sessions.guest();
    assert_eq!(connection.body(&mut ada).await, "onetwo");
    assert_eq!(stored(&ada).await, r#"{"length":6} {}"#);
}

/// Gives the response to a request of the visitor's up once the store is at what it holds.
async fn give_up(endpoint: impl Endpoint, visitor: &Visitor, until: impl Future<Output = ()>) {
    let mut request = Request::default();
    let cookie = visitor.cookie().parse().unwrap();
    request.headers_mut().insert("cookie", cookie);
    tokio::select! {
        biased;
        _ = endpoint.call(request) => panic!("nothing was held"),
        () = until => {}
    }
}

#[tokio::test]
async fn a_commit_that_was_begun_is_finished_when_its_request_is_dropped() {
    let (probe, sessions, middleware) = probed(|builder| builder);
    let ada = sessions.visitor(|session| session.put("n", 1)).await;
    probe.hold(Hold::Save);
    give_up(visits.with(middleware), &ada, probe.held()).await;
    assert_eq!(stored(&ada).await, r#"{"n":1} {}"#);
    let writes = probe.writes();
    probe.hold(Hold::Nothing);
    until(|| probe.writes() > writes).await;
    assert_eq!(stored(&ada).await, r#"{"n":2} {}"#);
}

#[handler]
async fn put_and_wait(session: Session) {
    session.put("user", 43).unwrap();
    session.regenerate().unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn a_request_dropped_before_its_handler_is_done_leaves_the_store_untouched() {
    let (probe, sessions, middleware) = probed(|builder| builder);
    let ada = sessions
        .visitor(|session| {
            session.put("user", 42)?;
            session.flash("notice", "hello")
        })
        .await;
    let writes = probe.writes();
    let loads = probe.loads();
    let loaded = until(|| probe.loads() > loads);
    give_up(put_and_wait.with(middleware), &ada, loaded).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(probe.writes(), writes);
    assert_eq!(stored(&ada).await, r#"{"user":42} {"notice":"hello"}"#);
}

/// Hangs up, and gives the server the time to notice: it answers somebody else.
async fn hang_up(connection: Connection, address: SocketAddr, somebody: &Visitor) {
    drop(connection);
    let mut connection = Connection::new(address).await;
    connection.ask("/nothing", somebody).await;
    assert_eq!(connection.line().await, "HTTP/1.1 404 Not Found");
}

#[tokio::test]
async fn a_commit_is_finished_when_the_client_hangs_up() {
    let (probe, sessions, middleware) = probed(|builder| builder);
    let mut ada = sessions.visitor(|session| session.put("n", 1)).await;
    let address = serve(Route::new().at("/", visits).with(middleware)).await;
    probe.hold(Hold::Save);
    let mut connection = Connection::new(address).await;
    connection.ask("/", &ada).await;
    probe.held().await;
    hang_up(connection, address, &sessions.guest()).await;
    let writes = probe.writes();
    probe.hold(Hold::Nothing);
    until(|| probe.writes() > writes).await;
    assert_eq!(stored(&ada).await, r#"{"n":2} {}"#);

    let mut connection = Connection::new(address).await;
    connection.ask("/", &ada).await;
    assert_eq!(connection.body(&mut ada).await, "3");
}

/// poem's server runs the handlers of HTTP/1.1 to their end, for nobody, so the session is saved as well.
#[tokio::test]
async fn a_handler_whose_client_hangs_up_goes_on_and_its_session_is_saved() {
    let (probe, sessions, middleware) = probed(|builder| builder);
    let ada = sessions.visitor(|session| session.put("n", 1)).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes_on) = (begun.clone(), go_on.clone());
    let endpoint = poem::endpoint::make(move |_| {
        let (begins, goes_on) = (begins.clone(), goes_on.clone());
        async move {
            begins.notify_one();
            goes_on.notified().await;
            Ok::<_, SessionError>(Session::current()?.put("n", 2)?)
        }
    });
    let address = serve(Route::new().at("/", endpoint).with(middleware)).await;
    let mut connection = Connection::new(address).await;
    connection.ask("/", &ada).await;
    begun.notified().await;
    hang_up(connection, address, &sessions.guest()).await;
    let writes = probe.writes();
    go_on.notify_one();
    until(|| probe.writes() > writes).await;
    assert_eq!(stored(&ada).await, r#"{"n":2} {}"#);
}
