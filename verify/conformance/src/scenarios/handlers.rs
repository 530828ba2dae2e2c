//! What handlers do besides answering well: fail, reject, panic, or not take the session.

use serde_json::json;
use session_core::{Establish, Opening};

use crate::lab;
use crate::scenario::{Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_handler_that_fails_has_its_session_saved),
    scenario!(an_error_that_nobody_handles_has_its_session_saved),
    scenario!(an_error_of_the_applications_own_has_its_session_saved),
    scenario!(a_body_that_the_framework_refuses_changes_nothing),
    scenario!(a_panic_saves_nothing_and_the_server_goes_on),
    scenario!(outside_of_the_middleware_there_is_no_session),
    scenario!(a_session_without_its_middleware_is_500),
    scenario!(code_far_from_the_handler_has_the_current_session),
    scenario!(lazily_only_what_takes_the_session_opens_it),
    scenario!(visitors_may_be_given_a_session_at_once),
];

async fn a_handler_that_fails_has_its_session_saved(stage: Stage) {
    let browser = stage.browser().await;
    let answer = browser.post("/api/fail/a", "1").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.error(), "the handler failed, as asked");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn an_error_that_nobody_handles_has_its_session_saved(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/flash/notice", "1").await;
    let answer = browser.post("/lab/refuse", "").await;
    assert!(answer.status >= 400, "{answer}");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "refused": true }));
    assert_eq!(session["flash"], json!({}), "it was aged");
}

async fn an_error_of_the_applications_own_has_its_session_saved(stage: Stage) {
    let browser = stage.browser().await;
    let answer = browser.post("/lab/recover", "").await;
    assert_eq!((answer.status, &*answer.body), (418, lab::RECOVERED));
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(browser.get("/api/session/recovered").await.body, "true");
}

/// The session was taken before, so its flash is aged.
async fn a_body_that_the_framework_refuses_changes_nothing(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/notice", "1").await;
    let answer = browser.put_json("/lab/json", "{nope").await;
    assert_eq!(answer.status, 400, "{answer}");
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1 }));
    assert_eq!(session["flash"], json!({}));
    assert_eq!(browser.put_json("/lab/json", "{}").await.status, 204);
}

async fn a_panic_saves_nothing_and_the_server_goes_on(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/notice", "1").await;
    let cookie = browser.cookie("/");
    // The connection ends, or the framework makes it a 500.
    let panicked = browser.try_send(test_support::http::Method::GET, "/lab/panic", "");
    if let Ok(answer) = panicked.await {
        assert_eq!((answer.status, answer.set_cookies().len()), (500, 0));
    }
    assert_eq!(browser.cookie("/"), cookie);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1 }));
    assert_eq!(session["flash"], json!({ "notice": 1 }));
}

async fn outside_of_the_middleware_there_is_no_session(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/flash/notice", "1").await;
    let loads = stage.probe.loads();
    let answer = browser.get("/lab/outside").await;
    assert_eq!(answer.status, 200);
    assert!(answer.is_silent(), "{answer}");
    assert_eq!(stage.probe.loads(), loads);
    assert_eq!(browser.session().await["flash"], json!({ "notice": 1 }));
}

async fn a_session_without_its_middleware_is_500(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let answer = browser.get("/lab/missing").await;
    assert_eq!(answer.status, 500);
    assert!(answer.is_silent(), "{answer}");
    assert!(!answer.body.contains("session"), "{answer}");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn code_far_from_the_handler_has_the_current_session(stage: Stage) {
    let site = stage.serve().await;
    let (ada, bob) = (site.browser(), site.browser());
    for visits in ["1", "2", "3"] {
        assert_eq!(ada.get("/lab/current").await.body, visits);
    }
    assert_eq!(bob.get("/lab/current").await.body, "1");
    assert_eq!(ada.get("/api/session/visits").await.body, "3");
}

async fn lazily_only_what_takes_the_session_opens_it(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.opening(Opening::Lazy))
        .await;
    let browser = site.browser();
    browser.put("/api/flash/notice", "1").await;
    let loads = stage.probe.loads();
    for path in ["/api/untouched", "/nothing"] {
        assert!(browser.get(path).await.is_silent(), "{path}");
    }
    assert_eq!(stage.probe.loads(), loads);
    assert_eq!(browser.session().await["flash"], json!({ "notice": 1 }));
    assert_eq!(stage.probe.loads(), loads + 1);
    assert_eq!(browser.session().await["flash"], json!({}));
    let taken_and_refused = browser.put_json("/lab/json", "{nope").await;
    assert_eq!(taken_and_refused.status, 400);
}

/// As `@rudderjs/session` does.
async fn visitors_may_be_given_a_session_at_once(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.establish(Establish::Always))
        .await;
    let browser = site.browser();
    assert_eq!(browser.get("/api/untouched").await.set_cookies().len(), 1);
    assert_eq!(browser.session().await["new"], false);
    assert!(browser.get("/api/untouched").await.set_cookies().is_empty());
}
