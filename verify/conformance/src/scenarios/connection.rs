//! Connections: keep-alive, pipelining, chunked requests and HTTP/2.

use serde_json::json;
use test_support::http::Method;

use crate::fixture::Fixture;
use crate::raw_connection::{RawConnection, request};
use crate::scenario::scenarios;
use crate::scenarios::DEVICE;

scenarios! {
    sessions_share_a_keep_alive_connection,
    pipelined_requests_are_answered_in_order,
    chunked_request_bodies_are_read,
    http_2_carries_sessions,
    s21_http_2_clients_can_split_their_cookies,
}

async fn sessions_share_a_keep_alive_connection(fixture: Fixture) {
    let server = fixture.serve().await;
    let put = async |name| {
        let browser = server.browser();
        browser.put("/api/session/name", name).await.cookie()
    };
    let (ada, bob) = (put(r#""Ada""#).await, put(r#""Bob""#).await);
    let mut connection = RawConnection::open(&server.base).await;
    let get = |cookie| request("GET", "/api/session/name", &[cookie], "");
    for _ in 0..3 {
        for (cookie, name) in [(&ada, r#""Ada""#), (&bob, r#""Bob""#)] {
            connection.write(get(cookie)).await;
            assert_eq!(connection.response().await.body, name);
        }
        connection.write(get("none=here")).await;
        assert_eq!(connection.response().await.status(), 404);
    }
}

/// The second request sees what the first one stored on the server, but it left too early for a new cookie.
async fn pipelined_requests_are_answered_in_order(fixture: Fixture) {
    let server = fixture.serve().await;
    let cookie = server.browser().put("/api/session/a", "1").await.cookie();
    let mut connection = RawConnection::open(&server.base).await;
    let put = request("PUT", "/api/session/b", &[&cookie], "2");
    let get = request("GET", "/api/session", &[&cookie], "");
    connection.write(put + &get).await;
    let first = connection.response().await;
    assert_eq!((first.status(), &*first.body), (204, ""), "{first:?}");
    let cookies = first.head.matches("set-cookie: ").count();
    assert_eq!(cookies, usize::from(!fixture.is_server_side()));
    let second = connection.response().await;
    assert_eq!(second.status(), 200, "{second:?}");
    let session: serde_json::Value = serde_json::from_str(&second.body).unwrap();
    let expected = match fixture.is_server_side() {
        true => json!({ "a": 1, "b": 2 }),
        false => json!({ "a": 1 }),
    };
    assert_eq!(session["data"], expected);
}

async fn chunked_request_bodies_are_read(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let mut connection = RawConnection::open(&server.base).await;
    let head = format!(
        "PUT /api/session/b HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    for part in [&*head, "4\r\n\"one\r\n", "4\r\ntwo\"\r\n", "0\r\n\r\n"] {
        connection.write(part).await;
    }
    let response = connection.response().await;
    assert_eq!(response.status(), 204);
    // A server-side session keeps its cookie.
    let set = response.head.split_once("set-cookie: ");
    let cookie = set.map_or(&*cookie, |(_, line)| line.split(';').next().unwrap());
    let saved = browser.with_cookie("/api/session/b", cookie).await;
    assert_eq!(saved.body, r#""onetwo""#);
}

async fn http_2_carries_sessions(fixture: Fixture) {
    let browser = fixture.serve().await.http2_browser();
    let form = browser.form("/login", &[("name", "Ada")]).await;
    assert_eq!((form.status, form.set_cookies().len()), (303, 1));
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "device": DEVICE, "user": "ada" }));
    assert!(session["flash"]["notice"].is_string());
    let read = browser.get("/api/session/user").await;
    assert_eq!((&*read.body, read.header("vary")), (r#""ada""#, "Cookie"));
    let destroyed = browser.post("/api/destroy", "").await;
    assert_eq!(destroyed.set_cookies().len(), 1);
    assert_eq!(browser.cookie("/"), None);
}

/// RFC 9113, "Compressing the Cookie Header Field".
async fn s21_http_2_clients_can_split_their_cookies(fixture: Fixture) {
    let browser = fixture.serve().await.http2_browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let headers = ["theme=dark", "session=forged", &cookie, "session="];
    let headers = headers.map(|cookie| ("cookie", cookie.as_bytes()));
    let path = "/api/session/a";
    let answer = browser.with_headers(Method::GET, path, &headers).await;
    assert_eq!(answer.body, "1");
}
