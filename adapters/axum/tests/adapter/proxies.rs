//! What reverse proxies do to the headers of requests.

use axum::body::Body;
use axum::http::Request;
use session_axum::testing::{TestSessions, Visitor};
use session_axum::{CookieOptions, MemoryDriver, Secret, SessionManager};
use test_support::Log;
use tower::ServiceExt;

#[path = "../../examples/behind_a_proxy.rs"]
#[allow(dead_code, reason = "the test calls the application without a server")]
mod behind_a_proxy;

/// Sends Cookie headers as they are. Returns the page, and whether it set the cookie.
async fn send(sessions: &TestSessions, headers: &[&str]) -> (String, bool) {
    let mut request = Request::get("/");
    for header in headers {
        request = request.header("cookie", *header);
    }
    let app = behind_a_proxy::app(sessions.manager());
    let request = request.body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let is_set = response.headers().contains_key("set-cookie");
    let body = axum::body::to_bytes(response.into_body(), 100).await;
    (String::from_utf8(body.unwrap().into()).unwrap(), is_set)
}

async fn visited() -> (TestSessions, Visitor) {
    let sessions = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock);
        SessionManager::builder(driver, Secret::generate().unwrap())
            .cookie(CookieOptions::default().name("__Host-session"))
    });
    let ada = sessions.visitor(|session| session.put("visits", 6)).await;
    (sessions, ada)
}

#[tokio::test]
async fn cookies_may_be_split_or_folded_by_semicolons() {
    let (sessions, ada) = visited().await;
    let cookie = ada.cookie();
    let folded = format!("theme=dark; {cookie}; lang=en");
    let without_space = format!("theme=dark;{cookie};lang=en");
    let cases: [&[&str]; 3] = [
        &["theme=dark", &cookie, "lang=en"],
        &[&folded],
        &[&without_space],
    ];
    for (headers, n) in cases.into_iter().zip(7..) {
        let (page, _) = send(&sessions, headers).await;
        assert_eq!(page, format!("This is visit number {n}."), "{headers:?}");
    }
}

/// A comma may be part of a value. If it separated cookies, a site on another host of the domain
/// could put a `__Host-` cookie, which it must not set, into the value of its own.
#[tokio::test]
async fn cookies_that_are_folded_by_commas_are_not_read() {
    let log = Log::capture();
    let (sessions, ada) = visited().await;
    let hidden = format!("theme=dark, {}", ada.cookie());
    let (page, is_set) = send(&sessions, &[&hidden]).await;
    assert_eq!((&*page, is_set), ("This is visit number 1.", true));
    let reason = "cookies are joined by commas, not by semicolons";
    assert_eq!(log.count(reason), 1, "{}", log.text());
    let followed = format!("{}, theme=dark", ada.cookie());
    assert_eq!(
        send(&sessions, &[&followed]).await.0,
        "This is visit number 1."
    );
    // The visitor's own cookie still counts.
    let both = format!("{hidden}; {}", ada.cookie());
    assert_eq!(send(&sessions, &[&both]).await.0, "This is visit number 7.");
}
