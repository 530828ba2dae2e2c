//! Concurrent requests, in one session and in several.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::http::{Answer, Browser};
use test_support::until;
use tokio::task::{JoinHandle, JoinSet};

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    slow_requests_both_keep_their_changes needs MERGING,
    the_last_response_wins_with_the_cookie_driver needs NO_MERGING,
    concurrent_visits_are_all_counted needs MERGING,
    flash_and_data_from_two_requests_are_both_kept needs MERGING,
    s08_a_slow_request_cannot_undo_a_logout needs REVOCATION,
    s08_a_slow_request_cannot_undo_a_login needs REVOCATION,
    concurrent_sessions_stay_separate,
}

async fn slow_requests_both_keep_their_changes(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let (b, c) = tokio::join!(
        browser.put("/api/slow/b?ms=100", "2"),
        browser.put("/api/slow/c?ms=100", "3"),
    );
    assert_eq!((b.status, c.status), (204, 204));
    let data = &browser.session().await["data"];
    assert_eq!(*data, json!({ "a": 1, "b": 2, "c": 3 }));
}

/// A documented limit of the cookie driver: the browser holds the only copy.
async fn the_last_response_wins_with_the_cookie_driver(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let slow = SlowRequest::start(&fixture, &browser, PAUSES[0]).await;
    assert_eq!(browser.put("/api/session/fast", "1").await.status, 204);
    assert_eq!(slow.answer().await.status, 204);
    let data = &browser.session().await["data"];
    assert_eq!(*data, json!({ "a": 1, "late": 1 }));
}

/// The page counts with `update`, which runs again if another request saved in the meantime.
async fn concurrent_visits_are_all_counted(fixture: Fixture) {
    let server = fixture.serve().await;
    for browser in [server.browser(), server.http2_browser()] {
        browser.page().await;
        let mut visits = JoinSet::new();
        for _ in 0..50 {
            let browser = browser.clone();
            visits.spawn(async move { browser.page().await });
        }
        visits.join_all().await;
        assert_eq!(browser.session().await["data"], json!({ "visits": 51 }));
    }
}

async fn flash_and_data_from_two_requests_are_both_kept(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let slow = SlowRequest::start(&fixture, &browser, PAUSES[0]).await;
    browser.put("/api/flash/notice", "1").await;
    assert_eq!(slow.answer().await.status, 204);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1, "late": 1 }));
    assert_eq!(session["flash"], json!({ "notice": 1 }));
}

async fn s08_a_slow_request_cannot_undo_a_logout(fixture: Fixture) {
    for path in ["/logout", "/api/destroy"] {
        let browser = fixture.browser().await;
        for pause in PAUSES {
            let cookie = browser.form("/login", &[("name", "Ada")]).await.cookie();
            let id = browser.id().await;
            let slow = SlowRequest::start(&fixture, &browser, pause).await;
            browser.post(path, "").await;
            let Some(slow) = slow.overtaken().await else {
                browser.post("/api/destroy", "").await;
                continue;
            };
            assert_eq!(slow.status, 204, "the response stays");
            assert!(slow.set_cookies().is_empty());
            let session = browser.session().await;
            assert_ne!(session["id"], *id);
            assert_eq!(session["data"], json!({}));
            let replayed = browser.with_cookie("/api/session/user", &cookie).await;
            assert_eq!(replayed.status, 404);
            browser.post("/api/destroy", "").await;
            assert_eq!(fixture.backend.record_count(), 0, "no old record remains");
            break;
        }
    }
}

/// The slow request neither revives the old id nor replaces the new cookie.
async fn s08_a_slow_request_cannot_undo_a_login(fixture: Fixture) {
    for (path, grace) in [("/login", 0), ("/api/regenerate", 0), ("/login", 10)] {
        let grace = Duration::from_secs(grace);
        let server = fixture.serve_with(|builder| builder.grace(grace)).await;
        for pause in PAUSES {
            let browser = server.browser();
            let old = browser.put("/api/session/cart", "[1]").await.cookie();
            let slow = SlowRequest::start(&fixture, &browser, pause).await;
            let new = browser.form(path, &[("name", "Ada")]).await.cookie();
            let Some(slow) = slow.overtaken().await else {
                browser.post("/api/destroy", "").await;
                continue;
            };
            assert_eq!(slow.status, 204, "the response stays");
            assert!(slow.set_cookies().is_empty());
            assert_eq!(browser.cookie("/").unwrap(), new);
            let data = &browser.session().await["data"];
            assert_eq!((&data["cart"], &data["late"]), (&json!([1]), &json!(null)));
            let replayed = browser.with_cookie("/api/session/cart", &old).await;
            assert_eq!(replayed.status, 404);
            browser.post("/api/destroy", "").await;
            if grace.is_zero() {
                assert_eq!(fixture.backend.record_count(), 0, "no old record remains");
            }
            break;
        }
    }
}

/// Both for the extractor and for the current session.
async fn concurrent_sessions_stay_separate(fixture: Fixture) {
    let server = fixture.serve().await;
    let mut visitors = JoinSet::new();
    for n in 0..10 {
        let browser = server.browser();
        visitors.spawn(async move {
            for step in 1..=10 {
                let value = format!("[{n},{step}]");
                let put = browser.put("/api/session/me", &*value).await;
                assert_eq!(put.status, 204);
                assert_eq!(browser.get("/api/session/me").await.body, value);
                let visits = browser.get("/lab/current").await.body;
                assert_eq!(visits, step.to_string());
            }
        });
    }
    visitors.join_all().await;
}

/// A request that loads the session, pauses, and puts 1 under `late`.
struct SlowRequest {
    pause: Duration,
    begin: Instant,
    answer: JoinHandle<Answer>,
}

impl SlowRequest {
    /// Returns once the request has loaded the session.
    async fn start(fixture: &Fixture, browser: &Browser, pause: Duration) -> Self {
        let loads = fixture.probe.loads();
        let begin = Instant::now();
        let other_tab = browser.clone();
        let path = format!("/api/slow/late?ms={}", pause.as_millis());
        let answer = tokio::spawn(async move { other_tab.put(&path, "1").await });
        until(|| fixture.probe.loads() > loads).await;
        Self {
            pause,
            begin,
            answer,
        }
    }

    async fn answer(self) -> Answer {
        self.answer.await.unwrap()
    }

    /// Returns the answer, if the request was certainly still pausing until now.
    async fn overtaken(self) -> Option<Answer> {
        let was_faster = self.begin.elapsed() < self.pause;
        let is_last_try = self.pause == PAUSES[PAUSES.len() - 1];
        let answer = self.answer().await;
        (was_faster || is_last_try).then_some(answer)
    }
}

/// How long a slow request pauses. On a busy machine, the short one may be over too soon.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(5)];
