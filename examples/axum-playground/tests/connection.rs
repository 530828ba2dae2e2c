//! HTTP/1.1 on one connection: kept alive, pipelined, and cut off.

mod common;

use common::{Browser, memory_app, store_app, until};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, and what was read of it that no response has taken yet.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    async fn connect(app: &str) -> Self {
        let address = app.strip_prefix("http://").expect("an address");
        let stream = TcpStream::connect(address).await.expect("a server");
        let read = Vec::new();
        Self { stream, read }
    }

    async fn write(&mut self, text: &str) {
        let written = self.stream.write_all(text.as_bytes()).await;
        written.expect("an open connection");
    }

    /// The head and the body of the next response.
    async fn response(&mut self) -> (String, String) {
        let head = loop {
            if let Some(at) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                break self.take(at + 4);
            }
            self.more().await;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a length"));
        while self.read.len() < length {
            self.more().await;
        }
        (head, self.take(length))
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await;
        assert!(read.expect("an open connection") > 0, "the server hung up");
    }

    fn take(&mut self, length: usize) -> String {
        let bytes = self.read.drain(..length).collect();
        String::from_utf8(bytes).expect("text")
    }
}

fn put(path: &str, cookie: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "PUT {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn get(path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n")
}

#[tokio::test]
async fn requests_of_several_sessions_share_a_kept_alive_connection() {
    let app = memory_app().await;
    let (ada, bob) = (Browser::new(&app), Browser::new(&app));
    let ada = ada.put("/api/session/name", r#""Ada""#).await.cookie();
    let bob = bob.put("/api/session/name", r#""Bob""#).await.cookie();
    let mut wire = Wire::connect(&app).await;
    for _ in 0..3 {
        for (cookie, name) in [(&ada, r#""Ada""#), (&bob, r#""Bob""#)] {
            wire.write(&get("/api/session/name", cookie)).await;
            assert_eq!(wire.response().await.1, name);
        }
        wire.write(&get("/api/session/name", "none=here")).await;
        assert!(wire.response().await.0.starts_with("HTTP/1.1 404"));
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_see_each_other() {
    let app = memory_app().await;
    let browser = Browser::new(&app);
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let mut wire = Wire::connect(&app).await;
    let both = put("/api/session/b", &cookie, "2") + &get("/api/session", &cookie);
    wire.write(&both).await;
    let (first, body) = wire.response().await;
    assert!(first.starts_with("HTTP/1.1 204"), "{first}");
    assert_eq!(body, "");
    assert_eq!(first.matches("set-cookie: ").count(), 1);
    let (second, body) = wire.response().await;
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
    let session: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(session["data"], json!({ "a": 1, "b": 2 }));
}

#[tokio::test]
async fn several_cookie_lines_on_the_wire_are_read() {
    let app = memory_app().await;
    let cookie = Browser::new(&app).put("/api/session/a", "1").await.cookie();
    let mut wire = Wire::connect(&app).await;
    wire.write(&format!(
        "GET /api/session/a HTTP/1.1\r\nHost: localhost\r\nCookie: session=forged.one\r\n\
         COOKIE: theme=dark; {cookie}\r\nCookie: session=\r\n\r\n"
    ))
    .await;
    assert_eq!(wire.response().await.1, "1");
}

/// The handler is dropped before it wrote anything: hyper cancels it when the client hangs up.
#[tokio::test]
async fn a_client_that_hangs_up_on_a_slow_handler_changes_nothing() {
    let (store, app) = store_app(|builder| builder).await;
    let browser = Browser::new(&app);
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let loads = store.loads();
    let mut wire = Wire::connect(&app).await;
    wire.write(&put("/api/slow/late?ms=200", &cookie, "1"))
        .await;
    until(|| store.loads() > loads).await;
    drop(wire);
    // A request that began later and takes longer than the one that was given up.
    browser.put("/api/slow/b?ms=300", "2").await;
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1, "b": 2 }));
}
