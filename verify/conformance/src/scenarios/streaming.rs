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
