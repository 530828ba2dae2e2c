//! Requests of one session at the same time, and of many.

use serde_json::json;
use test_support::http::{Answer, Browser};
use test_support::until;
use tokio::task::JoinHandle;

use crate::scenario::{MERGED, NOT_MERGED, NOT_REVOCABLE, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(two_slow_requests_both_leave_their_key).except(NOT_MERGED),
    scenario!(with_the_cookie_driver_the_later_answer_counts).except(MERGED),
    scenario!(twenty_visits_at_once_are_all_counted).except(NOT_MERGED),
    scenario!(flash_of_one_and_data_of_the_other_both_arrive).except(NOT_MERGED),
    scenario!(s08_a_slow_request_does_not_bring_back_what_was_logged_out).except(NOT_REVOCABLE),
    scenario!(s08_a_slow_request_does_not_bring_back_what_was_destroyed).except(NOT_REVOCABLE),
    scenario!(s08_a_slow_request_does_not_undo_a_login).except(NOT_REVOCABLE),
    scenario!(s08_a_slow_request_does_not_undo_a_regenerate).except(NOT_REVOCABLE),
    scenario!(requests_of_many_sessions_stay_apart),
];

async fn two_slow_requests_both_leave_their_key(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let (b, c) = tokio::join!(
        browser.put("/api/slow/b?ms=100", "2"),
        browser.put("/api/slow/c?ms=100", "3"),
    );
    assert_eq!((b.status, c.status), (204, 204));
    let data = &browser.session().await["data"];
    assert_eq!(*data, json!({ "a": 1, "b": 2, "c": 3 }));
}

/// The browser holds the only copy: the documentation says so.
async fn with_the_cookie_driver_the_later_answer_counts(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let slow = begin_slow(&stage, &browser).await;
    assert_eq!(browser.put("/api/session/fast", "1").await.status, 204);
    assert_eq!(slow.await.unwrap().status, 204);
    let data = &browser.session().await["data"];
    assert_eq!(*data, json!({ "a": 1, "late": 1 }));
}

/// The page's counter is an `update`, which is run again on what others stored meanwhile.
async fn twenty_visits_at_once_are_all_counted(stage: Stage) {
    let browser = stage.browser().await;
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

async fn flash_of_one_and_data_of_the_other_both_arrive(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let slow = begin_slow(&stage, &browser).await;
    browser.put("/api/flash/notice", "1").await;
    assert_eq!(slow.await.unwrap().status, 204);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1, "late": 1 }));
    assert_eq!(session["flash"], json!({ "notice": 1 }));
}

async fn s08_a_slow_request_does_not_bring_back_what_was_logged_out(stage: Stage) {
    assert_stays_ended(stage, "/logout").await;
}

async fn s08_a_slow_request_does_not_bring_back_what_was_destroyed(stage: Stage) {
    assert_stays_ended(stage, "/api/destroy").await;
}

async fn assert_stays_ended(stage: Stage, path: &str) {
    let browser = stage.browser().await;
    let cookie = browser.form("/login", &[("user", "Ada")]).await.cookie();
    let id = browser.id().await;
    let slow = begin_slow(&stage, &browser).await;
    browser.post(path, "").await;
    let slow = slow.await.unwrap();
    assert_eq!(slow.status, 204, "the response stands");
    assert!(slow.set_cookies().is_empty());
    let session = browser.session().await;
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({}));
    assert_eq!(stage.store.len(), 1, "the old record is gone");
    let replayed = browser.with_cookie("/api/session/user", &cookie).await;
    assert_eq!(replayed.status, 404);
}

/// Neither under the old id, nor does the late answer take the new cookie away.
async fn s08_a_slow_request_does_not_undo_a_login(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/cart", "[1]").await;
    let slow = begin_slow(&stage, &browser).await;
    browser.form("/login", &[("user", "Ada")]).await;
    let slow = slow.await.unwrap();
    assert_eq!(slow.status, 204);
    assert!(slow.set_cookies().is_empty());
    let data = &browser.session().await["data"];
    assert_eq!(*data, json!({ "cart": [1], "user": "Ada" }));
    assert_eq!(stage.store.len(), 1);
}

async fn s08_a_slow_request_does_not_undo_a_regenerate(stage: Stage) {
    let browser = stage.browser().await;
    let old = browser.put("/api/session/a", "1").await.cookie();
    let slow = begin_slow(&stage, &browser).await;
    let new = browser.post("/api/regenerate", "").await.cookie();
    assert!(slow.await.unwrap().set_cookies().is_empty());
    assert_eq!(browser.cookie("/").unwrap(), new);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
    let replayed = browser.with_cookie("/api/session/a", &old).await;
    assert_eq!(replayed.status, 404);
    assert_eq!(stage.store.len(), 1);
}

async fn requests_of_many_sessions_stay_apart(stage: Stage) {
    let site = stage.serve().await;
    let visitors = (0..10).map(|n| {
        let browser = site.browser();
        tokio::spawn(async move {
            for step in 0..10 {
                let put = browser
                    .put("/api/session/me", format!("[{n},{step}]"))
                    .await;
                assert_eq!(put.status, 204);
                let get = browser.get("/api/session/me").await;
                assert_eq!(get.body, format!("[{n},{step}]"));
            }
        })
    });
    for visitor in visitors.collect::<Vec<_>>() {
        visitor.await.unwrap();
    }
}

/// Sends a request that puts 1 under `late`, and returns once it has loaded its session and waits.
async fn begin_slow(stage: &Stage, browser: &Browser) -> JoinHandle<Answer> {
    let loads = stage.probe.loads();
    let other_tab = browser.clone();
    let slow = tokio::spawn(async move { other_tab.put("/api/slow/late?ms=300", "1").await });
    until(|| stage.probe.loads() > loads).await;
    slow
}
