//! What handlers do besides succeed: fail, reject, panic, or leave the session alone.

use serde_json::json;
use session_core::{Establish, Opening};
use test_support::http::Method;

use super::lab_reply;
use crate::fixture::Fixture;
use crate::lab;
use crate::scenario::scenarios;

scenarios! {
    a_failing_handler_still_saves_the_session,
    an_error_status_still_saves_the_session,
    an_unhandled_error_still_saves_the_session,
    a_handled_error_still_saves_the_session,
    a_rejected_body_does_not_undo_the_session,
    a_panic_saves_nothing_and_the_server_keeps_running,
    routes_outside_the_middleware_have_no_session,
    a_missing_middleware_is_500,
    all_extractors_share_one_session,
    the_current_session_is_available_anywhere,
    the_current_session_is_missing_until_a_lazy_session_is_taken,
    lazy_opening_waits_until_the_session_is_taken,
    new_visitors_can_get_a_session_immediately,
}

async fn a_failing_handler_still_saves_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.post("/api/fail/a", "1").await;
    let expected = playground::api::Failure::OnPurpose.json();
    assert_eq!((answer.status, &answer.body), (500, &expected));
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

/// The response stays as it is, apart from its headers.
async fn an_error_status_still_saves_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    for status in [302, 404, 500, 502] {
        let line = format!("status: {status}");
        let answer = lab_reply(&browser, Method::POST, &[&line]).await;
        assert_eq!((answer.status, &*answer.body), (status, "a reply"));
        let cookie = answer.cookie();
        let saved = browser.with_cookie("/api/session/replied", &cookie).await;
        assert_eq!(saved.body, "true", "{status}");
    }
}

async fn an_unhandled_error_still_saves_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/flash/notice", "1").await;
    let id = browser.cookie("/");
    let answer = browser.post("/lab/refuse", "").await;
    assert!(answer.status >= 400, "{answer}");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_ne!(browser.cookie("/"), id, "the handler regenerates");
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "refused": true }));
    assert_eq!(session["flash"], json!({}));
}

async fn a_handled_error_still_saves_the_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.post("/lab/recover", "").await;
    assert_eq!((answer.status, &*answer.body), (418, lab::RECOVERED));
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(browser.get("/api/session/recovered").await.body, "true");
}

/// The handler takes the session before the body, so flash ages.
async fn a_rejected_body_does_not_undo_the_session(fixture: Fixture) {
    for opening in [Opening::Eager, Opening::Lazy] {
        let server = fixture.serve_with(|builder| builder.opening(opening)).await;
        let browser = server.browser();
        browser.put("/api/session/a", "1").await;
        browser.put("/api/flash/notice", "1").await;
        let answer = browser.put_json("/lab/json", "{nope").await;
        assert_eq!(answer.status, 400, "{answer}");
        let session = browser.session().await;
        assert_eq!(session["data"], json!({ "a": 1 }));
        if opening == Opening::Eager || !fixture.adapter.runs_extractors_together() {
            assert_eq!(session["flash"], json!({}));
        }
        assert_eq!(browser.put_json("/lab/json", "{}").await.status, 204);
    }
}

/// The connection ends, or the framework turns the panic into a 500.
async fn a_panic_saves_nothing_and_the_server_keeps_running(fixture: Fixture) {
    let browser = fixture.browser().await;
    let panic = async || {
        if let Ok(answer) = browser.try_send(Method::GET, "/lab/panic", "").await {
            assert_eq!((answer.status, answer.set_cookies().len()), (500, 0));
        }
    };
    panic().await;
    assert_eq!(browser.cookie("/"), None);
    assert_eq!(fixture.backend.record_count(), 0);

    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/notice", "1").await;
    let cookie = browser.cookie("/");
    panic().await;
    assert_eq!(browser.cookie("/"), cookie);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1 }));
    assert_eq!(session["flash"], json!({ "notice": 1 }));
}

async fn routes_outside_the_middleware_have_no_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/flash/notice", "1").await;
    let loads = fixture.probe.loads();
    let answer = browser.get("/lab/outside").await;
    assert_eq!(answer.status, 200);
    assert!(answer.is_silent(), "{answer}");
    assert_eq!(fixture.probe.loads(), loads);
    assert_eq!(browser.session().await["flash"], json!({ "notice": 1 }));
}

async fn a_missing_middleware_is_500(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let answer = browser.get("/lab/missing").await;
    assert_eq!(answer.status, 500);
    assert!(answer.is_silent(), "{answer}");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn all_extractors_share_one_session(fixture: Fixture) {
    for opening in [Opening::Eager, Opening::Lazy] {
        let server = fixture.serve_with(|builder| builder.opening(opening)).await;
        let browser = server.browser();
        browser.put("/api/session/zero", "0").await;
        let loads = fixture.probe.loads();
        let answer = browser.get("/lab/extractors").await;
        let expected = json!({ "zero": 0, "one": 1, "two": 2, "current": 3 });
        let seen: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(seen, expected);
        let opens_twice = opening == Opening::Lazy && fixture.adapter.runs_extractors_together();
        let most = if opens_twice { 2 } else { 1 };
        assert!((1..=most).contains(&(fixture.probe.loads() - loads)));
        assert_eq!(browser.session().await["data"], expected);
    }
}

async fn the_current_session_is_available_anywhere(fixture: Fixture) {
    let server = fixture.serve().await;
    let (ada, bob) = (server.browser(), server.browser());
    for visits in ["1", "2", "3"] {
        assert_eq!(ada.get("/lab/current").await.body, visits);
    }
    assert_eq!(bob.get("/lab/current").await.body, "1");
    assert_eq!(ada.get("/api/session/visits").await.body, "3");
}

async fn the_current_session_is_missing_until_a_lazy_session_is_taken(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.opening(Opening::Lazy))
        .await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    let loads = fixture.probe.loads();
    let answer = browser.get("/lab/current").await;
    assert_eq!(answer.status, 500, "{answer}");
    assert!(answer.is_silent(), "{answer}");
    assert_eq!(fixture.probe.loads(), loads);
    // This handler takes the session first.
    assert_eq!(browser.get("/lab/extractors").await.status, 200);
    assert_eq!(browser.get("/api/session/current").await.body, "3");
}

async fn lazy_opening_waits_until_the_session_is_taken(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.opening(Opening::Lazy))
        .await;
    let browser = server.browser();
    browser.put("/api/flash/notice", "1").await;
    let loads = fixture.probe.loads();
    for path in ["/api/untouched", "/nothing"] {
        assert!(browser.get(path).await.is_silent(), "{path}");
    }
    assert_eq!(fixture.probe.loads(), loads);
    assert_eq!(browser.session().await["flash"], json!({ "notice": 1 }));
    assert_eq!(fixture.probe.loads(), loads + 1);
    assert_eq!(browser.session().await["flash"], json!({}));
}

/// `@rudderjs/session` always does this.
async fn new_visitors_can_get_a_session_immediately(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.establish(Establish::Always))
        .await;
    let browser = server.browser();
    assert_eq!(browser.get("/api/untouched").await.set_cookies().len(), 1);
    assert_eq!(browser.session().await["new"], false);
    assert!(browser.get("/api/untouched").await.set_cookies().is_empty());
}
