//! What responses say to caches.

use std::time::Duration;

use session_core::Caching;

use crate::lab;
use crate::scenario::{Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s25_a_response_that_read_the_session_varies_by_cookie),
    scenario!(s24_a_response_that_sets_or_removes_the_cookie_is_not_stored),
    scenario!(s24_s25_a_session_that_is_only_renewed_counts_as_well),
    scenario!(s24_s25_what_the_handler_chose_stays_and_its_vary_is_extended),
    scenario!(s25_a_response_that_did_not_look_says_nothing),
    scenario!(both_headers_can_be_turned_off),
];

async fn s25_a_response_that_read_the_session_varies_by_cookie(stage: Stage) {
    let browser = stage.browser().await;
    // Without a session too: with one, the answer would be another.
    let none = browser.get("/api/session/a").await;
    assert_eq!((none.status, none.header("vary")), (404, "Cookie"));
    browser.put("/api/session/a", "1").await;
    let found = browser.get("/api/session/a").await;
    assert_eq!((found.status, found.header("vary")), (200, "Cookie"));
    assert_eq!(found.header("cache-control"), "");
    assert!(found.set_cookies().is_empty());
}

async fn s24_a_response_that_sets_or_removes_the_cookie_is_not_stored(stage: Stage) {
    let browser = stage.browser().await;
    for answer in [
        browser.put("/api/session/a", "1").await,
        browser.post("/api/regenerate", "").await,
        browser.post("/api/fail/a", "1").await,
        browser.form("/name", &[("name", "Ada")]).await,
        browser.post("/api/destroy", "").await,
    ] {
        assert_eq!(answer.set_cookies().len(), 1, "{answer}");
        assert_eq!(answer.header("vary"), "Cookie", "{answer}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer}");
    }
}

async fn s24_s25_a_session_that_is_only_renewed_counts_as_well(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    stage.advance(Duration::from_secs(61 * 60));
    let renewed = browser.get("/api/untouched").await;
    assert_eq!(renewed.set_cookies().len(), 1);
    assert_eq!(renewed.header("vary"), "Cookie");
    assert_eq!(renewed.header("cache-control"), "no-store");
}

async fn s24_s25_what_the_handler_chose_stays_and_its_vary_is_extended(stage: Stage) {
    let answer = stage.browser().await.get("/lab/caching").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(answer.header("cache-control"), lab::CACHE_CONTROL);
    assert_eq!(answer.header("vary"), format!("{}, Cookie", lab::VARY));
}

async fn s25_a_response_that_did_not_look_says_nothing(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    for path in ["/api/untouched", "/nothing"] {
        let answer = browser.get(path).await;
        assert!(answer.is_silent(), "{answer}");
    }
}

async fn both_headers_can_be_turned_off(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.caching(Caching::Off))
        .await;
    let answer = site.browser().put("/api/session/a", "1").await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(
        (answer.header("vary"), answer.header("cache-control")),
        ("", "")
    );
}
