//! Stores that fail and recover: a driver that fails on demand, and a server that is killed or paused.

use std::time::{Duration, Instant};

use serde_json::json;
use session_core::{Error, OnOutage, OnSaveFailure, Opening};
use test_support::http::{Answer, Browser, Method};

use super::lab_reply;
use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    during_an_outage_reads_are_empty_and_writes_fail needs STORE,
    during_an_outage_requests_can_be_refused needs STORE,
    lazy_requests_ignore_an_outage needs STORE,
    recovery_before_the_save_keeps_the_session needs STORE,
    a_failed_save_keeps_the_response_and_the_cookie needs STORE,
    a_failed_save_can_become_a_503 needs STORE,
    a_restarted_server_loses_no_session needs SERVER,
    an_unresponsive_server_times_out needs SERVER,
}

async fn during_an_outage_reads_are_empty_and_writes_fail(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    fixture.probe.break_loads(true);
    for answer in [
        browser.get("/api/session").await,
        browser.put("/api/session/a", "2").await,
        browser.delete("/api/session/a").await,
        browser.delete("/api/session").await,
        browser.post("/api/session/a/pull", "").await,
        browser.put("/api/flash/a", "1").await,
        browser.post("/api/reflash", "").await,
        browser.post("/api/keep", "[]").await,
        browser.post("/api/regenerate", "").await,
        browser.post("/api/destroy", "").await,
        browser.post("/api/fail/a", "2").await,
        browser.put("/api/slow/a", "2").await,
    ] {
        assert_unavailable(&answer);
    }
    for (path, status) in [("/", 503), ("/api/session/a", 404), ("/api/untouched", 200)] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.set_cookies().is_empty());
    }
    for path in ["/name", "/flash", "/login", "/logout"] {
        let answer = browser.form(path, &[("name", "x"), ("message", "x")]).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.body, "Service Unavailable");
    }
    fixture.probe.break_loads(false);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
}

/// Only requests with a session: a new visitor needs no load.
async fn during_an_outage_requests_can_be_refused(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.on_outage(OnOutage::Refuse))
        .await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    fixture.probe.break_loads(true);
    for path in ["/", "/api/session", "/api/session/a", "/api/untouched"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(["", "Service Unavailable"].contains(&&*answer.body));
        assert!(answer.is_silent(), "{path}");
    }
    let visitor = server.browser().put("/api/session/a", "1").await;
    assert_eq!((visitor.status, visitor.set_cookies().len()), (204, 1));
    fixture.probe.break_loads(false);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn lazy_requests_ignore_an_outage(fixture: Fixture) {
    for on_outage in [OnOutage::Serve, OnOutage::Refuse] {
        let lazy = fixture.serve_with(|b| b.opening(Opening::Lazy).on_outage(on_outage));
        let browser = lazy.await.browser();
        browser.put("/api/session/a", "1").await;
        fixture.probe.break_loads(true);
        let answer = browser.get("/api/untouched").await;
        assert_eq!(answer.status, 200);
        assert!(answer.is_silent());
        let taken = browser.put("/api/session/a", "2").await;
        assert_eq!((taken.status, taken.set_cookies().len()), (503, 0));
        fixture.probe.break_loads(false);
        assert_eq!(browser.get("/api/session/a").await.body, "1");
    }
}

/// `@rudderjs/session` starts a new session in this case.
async fn recovery_before_the_save_keeps_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let loads = fixture.probe.loads();
    fixture.probe.break_loads(true);
    let slow = async {
        let slow = browser.put("/api/slow/late?ms=100", "1").await;
        assert_unavailable(&slow);
    };
    let recover = async {
        test_support::until(|| fixture.probe.loads() > loads).await;
        fixture.probe.break_loads(false);
    };
    tokio::join!(slow, recover);
    assert_eq!(browser.cookie("/").unwrap(), cookie);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
    assert_eq!(fixture.backend.record_count(), 1);
}

async fn a_failed_save_keeps_the_response_and_the_cookie(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    fixture.probe.break_writes(true);
    for (answer, status) in [
        (browser.put("/api/session/a", "2").await, 204),
        // A page that says goodbye would be a lie.
        (browser.post("/api/destroy", "").await, 503),
        (browser.post("/lab/recover", "").await, 418),
        (server.browser().put("/api/session/a", "2").await, 204),
    ] {
        assert_eq!(answer.status, status);
        assert!(answer.set_cookies().is_empty());
    }
    fixture.probe.break_writes(false);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
}

async fn a_failed_save_can_become_a_503(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.on_save_failure(OnSaveFailure::Refuse))
        .await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    fixture.probe.break_writes(true);
    for answer in [
        browser.put("/api/session/a", "2").await,
        lab_reply(&browser, Method::POST, &["set-cookie: paid=yes"]).await,
    ] {
        assert_eq!(answer.status, 503);
        assert!(["", "Service Unavailable"].contains(&&*answer.body));
        assert!(answer.set_cookies().is_empty());
    }
    // This request saves nothing, so nothing fails.
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn a_restarted_server_loses_no_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    fixture.backend.own_server().kill();
    assert_down(&browser).await;
    fixture.backend.own_server().restart();
    assert_recovers(&browser, &cookie).await;
}

async fn an_unresponsive_server_times_out(fixture: Fixture) {
    let browser = fixture.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    fixture.backend.own_server().pause();
    assert_down(&browser).await;
    fixture.backend.own_server().resume();
    assert_recovers(&browser, &cookie).await;
}

/// Every response arrives within two seconds.
async fn assert_down(browser: &Browser) {
    let start = Instant::now();
    let read = browser.get("/api/session/a").await;
    assert_eq!((read.status, read.set_cookies().len()), (404, 0));
    let middle = Instant::now();
    assert_unavailable(&browser.put("/api/session/a", "2").await);
    for took in [middle - start, middle.elapsed()] {
        assert!(took < Duration::from_secs(2), "a response took {took:?}");
    }
}

/// Once the driver has reconnected, the old cookie still has its session.
async fn assert_recovers(browser: &Browser, cookie: &str) {
    assert_eq!(browser.cookie("/").unwrap(), cookie);
    let end = Instant::now() + Duration::from_secs(10);
    while browser.get("/api/session/a").await.status != 200 {
        assert!(Instant::now() < end, "the driver does not reconnect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
    assert_eq!(browser.put("/api/session/a", "2").await.status, 204);
    assert_eq!(browser.get("/api/session/a").await.body, "2");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    assert_eq!(answer.error(), Error::unavailable("refused").to_string());
    assert!(answer.set_cookies().is_empty());
}
