//! Stores that fail, and are back later: by a driver that fails as told, and by a Redis server that really does.

use std::time::{Duration, Instant};

use serde_json::json;
use session_core::{DriverName, OnOutage, OnSaveFailure, Opening};
use test_support::http::{Answer, Browser};

use crate::scenario::{NO_STORE, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(reads_are_empty_and_writes_are_503).except(NO_STORE),
    scenario!(every_request_may_be_refused).except(NO_STORE),
    scenario!(lazily_a_request_without_a_session_does_not_notice).except(NO_STORE),
    scenario!(a_store_that_is_back_before_the_save_does_not_lose_the_session).except(NO_STORE),
    scenario!(a_save_that_fails_leaves_the_answer_and_the_cookie).except(NO_STORE),
    scenario!(a_save_that_fails_may_make_the_answer_a_503).except(NO_STORE),
    scenario!(a_server_that_died_and_is_back_costs_nobody_a_session)
        .except(NO_SERVER)
        .with_own_server(),
    scenario!(a_server_that_accepts_and_never_answers_is_given_up_in_time)
        .except(NO_SERVER)
        .with_own_server(),
];

async fn reads_are_empty_and_writes_are_503(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    stage.probe.break_loads(true);
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
    stage.probe.break_loads(false);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
}

async fn every_request_may_be_refused(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.on_outage(OnOutage::Refuse))
        .await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    stage.probe.break_loads(true);
    for path in ["/", "/api/session", "/api/session/a", "/api/untouched"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        // In the framework's words, if any.
        assert!(["", "Service Unavailable"].contains(&&*answer.body));
        assert!(answer.is_silent(), "{path}");
    }
    stage.probe.break_loads(false);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn lazily_a_request_without_a_session_does_not_notice(stage: Stage) {
    for on_outage in [OnOutage::Serve, OnOutage::Refuse] {
        let lazily = stage.serve_with(|b| b.opening(Opening::Lazy).on_outage(on_outage));
        let browser = lazily.await.browser();
        browser.put("/api/session/a", "1").await;
        stage.probe.break_loads(true);
        let answer = browser.get("/api/untouched").await;
        assert_eq!(answer.status, 200);
        assert!(answer.is_silent());
        let taken = browser.put("/api/session/a", "2").await;
        assert_eq!((taken.status, taken.set_cookies().len()), (503, 0));
        stage.probe.break_loads(false);
        assert_eq!(browser.get("/api/session/a").await.body, "1");
    }
}

/// `@rudderjs/session` replaces the session by a new one here.
async fn a_store_that_is_back_before_the_save_does_not_lose_the_session(stage: Stage) {
    let browser = stage.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let loads = stage.probe.loads();
    stage.probe.break_loads(true);
    let slow = async {
        let slow = browser.put("/api/slow/late?ms=100", "1").await;
        assert_unavailable(&slow);
    };
    let mend = async {
        test_support::until(|| stage.probe.loads() > loads).await;
        stage.probe.break_loads(false);
    };
    tokio::join!(slow, mend);
    assert_eq!(browser.cookie("/").unwrap(), cookie);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
    assert_eq!(stage.store.len(), 1);
}

async fn a_save_that_fails_leaves_the_answer_and_the_cookie(stage: Stage) {
    let site = stage.serve().await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    stage.probe.break_writes(true);
    for answer in [
        browser.put("/api/session/a", "2").await,
        browser.post("/api/destroy", "").await,
        site.browser().put("/api/session/a", "2").await,
    ] {
        assert_eq!(answer.status, 204);
        assert!(answer.set_cookies().is_empty());
    }
    stage.probe.break_writes(false);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn a_save_that_fails_may_make_the_answer_a_503(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.on_save_failure(OnSaveFailure::Refuse))
        .await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    stage.probe.break_writes(true);
    let answer = browser.put("/api/session/a", "2").await;
    assert_eq!(answer.status, 503);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn a_server_that_died_and_is_back_costs_nobody_a_session(stage: Stage) {
    let browser = stage.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    stage.store.own_server().lock().unwrap().kill();
    assert_down(&browser).await;
    stage.store.own_server().lock().unwrap().restart();
    assert_back(&browser, &cookie).await;
}

async fn a_server_that_accepts_and_never_answers_is_given_up_in_time(stage: Stage) {
    let browser = stage.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    stage.store.own_server().lock().unwrap().signal("STOP");
    assert_down(&browser).await;
    stage.store.own_server().lock().unwrap().signal("CONT");
    assert_back(&browser, &cookie).await;
}

/// Each answer comes within two seconds.
async fn assert_down(browser: &Browser) {
    let start = Instant::now();
    let read = browser.get("/api/session/a").await;
    assert_eq!((read.status, read.set_cookies().len()), (404, 0));
    let in_between = Instant::now();
    assert_unavailable(&browser.put("/api/session/a", "2").await);
    for took in [in_between - start, in_between.elapsed()] {
        assert!(took < Duration::from_secs(2), "an answer took {took:?}");
    }
}

/// The cookie is the one from before, and so is what it stands for: once the driver is connected again.
async fn assert_back(browser: &Browser, cookie: &str) {
    assert_eq!(browser.cookie("/").unwrap(), cookie);
    let end = Instant::now() + Duration::from_secs(10);
    while browser.get("/api/session/a").await.status != 200 {
        assert!(Instant::now() < end, "the driver does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
    assert_eq!(browser.put("/api/session/a", "2").await.status, 204);
    assert_eq!(browser.get("/api/session/a").await.body, "2");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    assert_eq!(answer.error(), "the session store is unavailable");
    assert!(answer.set_cookies().is_empty());
}

const NO_SERVER: &[(DriverName, &str)] = &[
    (DriverName::Cookie, "there is no store"),
    (DriverName::Memory, "its store is no other process"),
];
