//! What is too large for a cookie.

use crate::scenario::{Scenario, scenario};
use crate::site::Site;
use crate::stage::{SHOP, Stage};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s17_the_browser_drops_a_cookie_of_4097_bytes),
    scenario!(s17_the_fullest_session_that_is_accepted_is_kept_by_the_browser).in_cookies_only(),
    scenario!(s17_what_is_too_large_is_said_on_the_page_and_nothing_is_lost).in_cookies_only(),
    scenario!(what_is_too_large_for_a_cookie_is_not_for_a_store).in_redis_only(),
];

async fn s17_the_browser_drops_a_cookie_of_4097_bytes(stage: Stage) {
    let sized = |name: &str, size: usize| format!("{name}={}", "x".repeat(size - name.len()));
    let lines = [sized("fits", 4096), sized("larger", 4097)];
    let site = Site::with_cookies(&lines).await;
    stage.browser.visit(&site.at(SHOP)).await;
    let cookie = stage.browser.cookie().await;
    assert_eq!((&*cookie.name, cookie.size()), ("fits", 4096));
}

/// One character more is refused.
async fn s17_the_fullest_session_that_is_accepted_is_kept_by_the_browser(stage: Stage) {
    let _server = stage.open().await;
    let (mut fits, mut refused) = (0, 5000);
    while fits + 1 < refused {
        let middle = usize::midpoint(fits, refused);
        match put(&stage, middle).await {
            204 => fits = middle,
            413 => refused = middle,
            status => panic!("{status}"),
        }
    }
    assert_eq!(put(&stage, fits).await, 204);
    // Base64 has four characters for three bytes.
    let size = stage.browser.cookie().await.size();
    assert!((4093..=4096).contains(&size), "{size}");
    assert_eq!(put(&stage, refused).await, 413);
    let kept = &stage.browser.session().await["data"]["a"];
    assert_eq!(kept.as_str().unwrap().len(), fits);
}

async fn put(stage: &Stage, length: usize) -> u16 {
    let value = format!("{:?}", "x".repeat(length));
    stage
        .browser
        .fetch("PUT", "/api/session/a", Some(&value))
        .await
        .0
}

async fn s17_what_is_too_large_is_said_on_the_page_and_nothing_is_lost(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    let before = stage.browser.page().await;
    let long = "x".repeat(5000);
    stage.browser.submit("/name", &[("name", &long)]).await;
    let page = stage.browser.page().await;
    let error = page.error.unwrap();
    assert!(error.starts_with("Nothing was changed: "), "{error}");
    assert_eq!((&*page.name, page.notice), ("Grace", None));
    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert_eq!((page.id, page.error), (before.id, None));
    assert_eq!(page.visits, before.visits + 2);
}

async fn what_is_too_large_for_a_cookie_is_not_for_a_store(stage: Stage) {
    let _server = stage.open().await;
    let long = "x".repeat(5000);
    stage.browser.submit("/name", &[("name", &long)]).await;
    let page = stage.browser.page().await;
    assert_eq!((page.name, page.error), (long, None));
    assert!(stage.browser.cookie().await.size() < 200);
}
