//! Connections: kept alive, pipelined, HTTP/2, and cut off; bodies that stream.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::http::Method;
use test_support::probe::Hold;
use test_support::until;

use crate::scenario::{NO_STORE, NOT_MERGED, Scenario, scenario};
use crate::stage::Stage;
use crate::wire::{Wire, request};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(requests_of_several_sessions_share_a_kept_alive_connection),
    scenario!(pipelined_requests_are_answered_in_order),
    scenario!(s21_several_cookie_lines_on_the_wire_are_read),
    scenario!(http_2_carries_sessions_as_http_1_does),
    scenario!(s21_http_2_may_split_cookies_into_several_headers),
    scenario!(many_requests_at_once_share_an_http_2_connection).except(NOT_MERGED),
    scenario!(a_body_that_streams_can_read_the_session_and_not_write_it),
    scenario!(a_client_that_hangs_up_on_a_slow_handler_breaks_nothing),
    scenario!(a_client_that_hangs_up_on_a_save_does_not_stop_it).except(NO_STORE),
    scenario!(s06_a_client_that_hangs_up_on_a_regenerate_leaves_no_old_record).except(NO_STORE),
    scenario!(a_client_that_hangs_up_on_a_stream_has_its_session_saved),
];

async fn requests_of_several_sessions_share_a_kept_alive_connection(stage: Stage) {
    let site = stage.serve().await;
    let put = async |name| site.browser().put("/api/session/name", name).await.cookie();
    let (ada, bob) = (put(r#""Ada""#).await, put(r#""Bob""#).await);
    let mut wire = Wire::connect(&site.base).await;
    let get = |cookie| request("GET", "/api/session/name", &[cookie], "");
    for _ in 0..3 {
        for (cookie, name) in [(&ada, r#""Ada""#), (&bob, r#""Bob""#)] {
            wire.write(get(cookie)).await;
            assert_eq!(wire.response().await.body, name);
        }
        wire.write(get("none=here")).await;
        assert_eq!(wire.response().await.status(), 404);
    }
}

/// The second sees what the first did, where that is not in a cookie which it came too early for.
async fn pipelined_requests_are_answered_in_order(stage: Stage) {
    let site = stage.serve().await;
    let cookie = site.browser().put("/api/session/a", "1").await.cookie();
    let mut wire = Wire::connect(&site.base).await;
    let put = request("PUT", "/api/session/b", &[&cookie], "2");
    let get = request("GET", "/api/session", &[&cookie], "");
    wire.write(put + &get).await;
    let first = wire.response().await;
    assert_eq!((first.status(), &*first.body), (204, ""), "{first:?}");
    assert_eq!(first.head.matches("set-cookie: ").count(), 1);
    let second = wire.response().await;
    assert_eq!(second.status(), 200, "{second:?}");
    let session: serde_json::Value = serde_json::from_str(&second.body).unwrap();
    let expected = match stage.is_server_side() {
        true => json!({ "a": 1, "b": 2 }),
        false => json!({ "a": 1 }),
    };
    assert_eq!(session["data"], expected);
}

async fn s21_several_cookie_lines_on_the_wire_are_read(stage: Stage) {
    let site = stage.serve().await;
    let cookie = site.browser().put("/api/session/a", "1").await.cookie();
    let mut wire = Wire::connect(&site.base).await;
    wire.write(format!(
        "GET /api/session/a HTTP/1.1\r\nHost: localhost\r\nCookie: session=forged.one\r\n\
         COOKIE: theme=dark; {cookie}\r\nCookie: session=\r\n\r\n"
    ))
    .await;
    assert_eq!(wire.response().await.body, "1");
}

async fn http_2_carries_sessions_as_http_1_does(stage: Stage) {
    let browser = stage.serve().await.http2_browser();
    let form = browser.form("/login", &[("user", "Ada")]).await;
    assert_eq!((form.status, form.set_cookies().len()), (303, 1));
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "user": "Ada" }));
    assert!(session["flash"]["notice"].is_string());
    let read = browser.get("/api/session/user").await;
    assert_eq!(
        (read.body.as_str(), read.header("vary")),
        (r#""Ada""#, "Cookie")
    );
    assert_eq!(
        browser.post("/api/destroy", "").await.set_cookies().len(),
        1
    );
    assert_eq!(browser.cookie("/"), None);
}

/// RFC 9113, "Compressing the Cookie Header Field".
async fn s21_http_2_may_split_cookies_into_several_headers(stage: Stage) {
    let browser = stage.serve().await.http2_browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let headers = ["theme=dark", "session=forged", &cookie, "session="];
    let headers = headers.map(|cookie| ("cookie", cookie.as_bytes()));
    let path = "/api/session/a";
    let answer = browser.with_headers(Method::GET, path, &headers).await;
    assert_eq!(answer.body, "1");
}

async fn many_requests_at_once_share_an_http_2_connection(stage: Stage) {
    let browser = stage.serve().await.http2_browser();
    browser.page().await;
    let visit = |_| {
        let browser = browser.clone();
        tokio::spawn(async move { browser.page().await })
    };
    for visit in (0..20).map(visit).collect::<Vec<_>>() {
        visit.await.unwrap();
    }
    assert_eq!(browser.session().await["data"], json!({ "visits": 21 }));
}

/// It was saved before the first part, with the cookie in the head.
async fn a_body_that_streams_can_read_the_session_and_not_write_it(stage: Stage) {
    let browser = stage.browser().await;
    let answer = browser.get("/lab/stream").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 1));
    let expected: String = (1..=3)
        .map(|n| format!("{n} Some(\"Ada\") Err(Closed)\n"))
        .collect();
    assert_eq!(answer.body, expected);
    assert_eq!(browser.session().await["data"], json!({ "name": "Ada" }));
}

/// A server drops the handler before it wrote anything, or runs it to its end and saves its session.
async fn a_client_that_hangs_up_on_a_slow_handler_breaks_nothing(stage: Stage) {
    let site = stage.serve().await;
    let browser = site.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let loads = stage.probe.loads();
    let mut wire = Wire::connect(&site.base).await;
    wire.write(request("PUT", "/api/slow/late?ms=200", &[&cookie], "1"))
        .await;
    until(|| stage.probe.loads() > loads).await;
    drop(wire);
    // A request that began later and takes longer than the one that was given up.
    browser.put("/api/slow/b?ms=300", "2").await;
    // A cookie would have had to reach the client.
    let is_saved = stage.adapter.finishes_for_nobody() && stage.is_server_side();
    let expected = match is_saved {
        true => json!({ "a": 1, "b": 2, "late": 1 }),
        false => json!({ "a": 1, "b": 2 }),
    };
    assert_eq!(browser.session().await["data"], expected);
}

async fn a_client_that_hangs_up_on_a_save_does_not_stop_it(stage: Stage) {
    let site = stage.serve().await;
    let browser = site.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    hang_up_on(
        &stage,
        &site.base,
        Hold::Save,
        &["PUT", "/api/session/late"],
        &cookie,
    )
    .await;
    let end = Instant::now() + PATIENCE;
    while browser.get("/api/session/late").await.status != 200 {
        assert!(Instant::now() < end, "the save was not finished");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Half way, the session is under both ids; in the end only under the new one.
async fn s06_a_client_that_hangs_up_on_a_regenerate_leaves_no_old_record(stage: Stage) {
    let site = stage.serve().await;
    let browser = site.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let regenerate = ["POST", "/api/regenerate"];
    hang_up_on(&stage, &site.base, Hold::Retire, &regenerate, &cookie).await;
    until(|| stage.store.len() == 1).await;
    let replayed = browser.with_cookie("/api/session/a", &cookie).await;
    assert_eq!(replayed.status, 404);
}

/// Sends a request and hangs up while its commit is at what is held, then lets that go on.
async fn hang_up_on(stage: &Stage, base: &str, hold: Hold, line: &[&str; 2], cookie: &str) {
    let mut wire = Wire::connect(base).await;
    stage.probe.hold(hold);
    wire.write(request(line[0], line[1], &[cookie], "1")).await;
    stage.probe.held().await;
    drop(wire);
    // A real server needs a moment to see it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.probe.hold(Hold::Nothing);
}

async fn a_client_that_hangs_up_on_a_stream_has_its_session_saved(stage: Stage) {
    let site = stage.serve().await;
    let mut wire = Wire::connect(&site.base).await;
    wire.write(request("GET", "/lab/stream", &[], "")).await;
    let head = wire.head().await;
    drop(wire);
    let (_, line) = head.split_once("set-cookie: ").unwrap();
    let (cookie, _) = line.split_once(';').unwrap();
    let found = site
        .browser()
        .with_cookie("/api/session/name", cookie)
        .await;
    assert_eq!(found.body, r#""Ada""#);
}

/// Longer than what is left of a save takes.
const PATIENCE: Duration = Duration::from_secs(3);
