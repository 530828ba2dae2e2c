//! Bodies that stream and WebSockets. The session is saved before either begins, so both can read it but not write it.

use serde_json::json;

use crate::fixture::Fixture;
use crate::raw_connection::{RawConnection, header, request, status};
use crate::scenario::scenarios;

scenarios! {
    a_streaming_body_can_read_but_not_write_the_session,
    the_session_is_saved_before_the_body_ends,
    a_web_socket_can_read_but_not_write_the_session,
    a_refused_web_socket_changes_nothing,
    a_stream_saves_the_session_while_it_goes_on needs STORE,
    a_stream_cannot_save_a_session_in_the_cookie needs NO_REVOCATION,
}

async fn a_streaming_body_can_read_but_not_write_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.get("/lab/stream").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 1));
    assert_eq!(
        answer.body,
        "1: Some(\"Ada\"), Err(Closed)\n2: Some(\"Ada\"), Err(Closed)\n3: Some(\"Ada\"), Err(Closed)\n"
    );
    assert_eq!(browser.session().await["data"], json!({ "name": "Ada" }));
}

/// Each event shows what other requests stored, and a new session gets its cookie with the head.
async fn a_stream_saves_the_session_while_it_goes_on(fixture: Fixture) {
    let server = fixture.serve().await;
    let mut stream = RawConnection::open(&server.base).await;
    stream
        .write(request("GET", "/api/stream?n=5", &[], ""))
        .await;
    let head = stream.head().await;
    assert_eq!(header(&head, "content-type"), Some("text/event-stream"));
    let cookie = cookie(&head).unwrap();
    let mut beside = RawConnection::open(&server.base).await;
    let put = request("PUT", "/api/session/theirs", &[cookie], "1");
    beside.write(put).await;
    assert_eq!(beside.response().await.status(), 204);
    let events = stream.text_until(r#""streamed":5,"theirs":1}"#).await;
    assert!(!events.contains("event: error"), "{events}");
    let browser = server.browser();
    let session = browser.with_cookie("/api/session", cookie).await.json();
    assert_eq!(session["data"], json!({ "streamed": 5, "theirs": 1 }));
}

async fn a_stream_cannot_save_a_session_in_the_cookie(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.get("/api/stream?n=3").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 1));
    assert_eq!(answer.body.matches("data: ").count(), 2);
    assert!(
        answer.body.contains("event: error\ndata: {\"error\":"),
        "{answer}"
    );
    assert_eq!(browser.get("/api/session/streamed").await.body, "1");
}

/// It stays saved if the client hangs up.
async fn the_session_is_saved_before_the_body_ends(fixture: Fixture) {
    let server = fixture.serve().await;
    let mut connection = RawConnection::open(&server.base).await;
    connection
        .write(request("GET", "/lab/endless", &[], ""))
        .await;
    let head = connection.head().await;
    let cookie = cookie(&head).unwrap();
    let saved = async || {
        let browser = server.browser();
        browser.with_cookie("/api/session/name", cookie).await.body
    };
    assert_eq!(saved().await, r#""Ada""#);
    drop(connection);
    assert_eq!(saved().await, r#""Ada""#);
}

async fn a_web_socket_can_read_but_not_write_the_session(fixture: Fixture) {
    let server = fixture.serve().await;
    let (head, text) = open_socket(&server.base, "none=here").await;
    assert_eq!(text, "1: Some(\"Ada\"), Err(Closed)\n");
    let cookie = cookie(&head).unwrap();
    let session = server.browser().with_cookie("/api/session", cookie).await;
    assert_eq!(session.json()["data"], json!({ "name": "Ada" }));
    // The second upgrade changes nothing.
    let (head, text) = open_socket(&server.base, cookie).await;
    assert_eq!(text, "1: Some(\"Ada\"), Err(Closed)\n");
    assert_eq!(header(&head, "set-cookie"), None, "{head}");
}

/// The handler asks for the upgrade before it writes.
async fn a_refused_web_socket_changes_nothing(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.get("/lab/socket").await;
    assert!((400..500).contains(&answer.status), "{answer}");
    assert!(answer.set_cookies().is_empty(), "{answer}");
    assert_eq!(fixture.backend.record_count(), 0);
}

/// Opens a WebSocket, and returns the head of the response and the first message.
async fn open_socket(base: &str, cookie: &str) -> (String, String) {
    let mut connection = RawConnection::open(base).await;
    let upgrade = "GET /lab/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    connection
        .write(format!("{upgrade}cookie: {cookie}\r\n\r\n"))
        .await;
    let head = connection.head().await;
    assert_eq!(status(&head), 101, "{head}");
    let text = connection.text_frame().await;
    (head, text)
}

/// Returns the Cookie header that answers the response's Set-Cookie.
fn cookie(head: &str) -> Option<&str> {
    let (cookie, _) = header(head, "set-cookie")?.split_once(';')?;
    Some(cookie)
}
