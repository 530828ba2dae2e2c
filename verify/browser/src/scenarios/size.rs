//! Sessions that are too large for a cookie.

use crate::other_site::OtherSite;
use crate::scenario::{Scenario, scenario};
use crate::setup::{SHOP, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s17_the_browser_drops_a_cookie_of_4097_bytes),
    scenario!(s17_the_browser_keeps_the_largest_accepted_session).cookie_only(),
    scenario!(s17_the_page_reports_a_value_that_is_too_large_and_loses_nothing).cookie_only(),
    scenario!(a_store_accepts_values_too_large_for_a_cookie).redis_only(),
];

async fn s17_the_browser_drops_a_cookie_of_4097_bytes(setup: Setup) {
    let sized = |name: &str, size: usize| format!("{name}={}", "x".repeat(size - name.len()));
    let lines = [sized("fits", 4096), sized("larger", 4097)];
    let site = OtherSite::with_cookies(&lines).await;
    setup.browser.visit(&site.at(SHOP)).await;
    let cookie = setup.browser.cookie().await;
    assert_eq!((&*cookie.name, cookie.size()), ("fits", 4096));
}

/// One more character is too many.
async fn s17_the_browser_keeps_the_largest_accepted_session(setup: Setup) {
    let _server = setup.open().await;
    let (mut fits, mut refused) = (0, 5000);
    while fits + 1 < refused {
        let middle = usize::midpoint(fits, refused);
        match put(&setup, middle).await {
            204 => fits = middle,
            413 => refused = middle,
            status => panic!("{status}"),
        }
    }
    assert_eq!(put(&setup, fits).await, 204);
    // Base64 encodes three bytes as four characters.
    let size = setup.browser.cookie().await.size();
    assert!((4093..=4096).contains(&size), "{size}");
    assert_eq!(put(&setup, refused).await, 413);
    let kept = &setup.browser.session().await["data"]["a"];
    assert_eq!(kept.as_str().unwrap().len(), fits);
}

async fn put(setup: &Setup, length: usize) -> u16 {
    let value = format!("{:?}", "x".repeat(length));
    setup
        .browser
        .fetch("PUT", "/api/session/a", Some(&value))
        .await
        .0
}

async fn s17_the_page_reports_a_value_that_is_too_large_and_loses_nothing(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    let before = setup.browser.page().await;
    let long = "x".repeat(5000);
    setup.browser.submit("/name", &[("name", &long)]).await;
    let page = setup.browser.page().await;
    assert!(page.error.is_some(), "{page:?}");
    assert_eq!((&*page.name, page.notice), ("Grace", None));
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert_eq!((page.id, page.error), (before.id, None));
    assert_eq!(page.visits, before.visits + 2);
}

async fn a_store_accepts_values_too_large_for_a_cookie(setup: Setup) {
    let _server = setup.open().await;
    let long = "x".repeat(5000);
    setup.browser.submit("/name", &[("name", &long)]).await;
    let page = setup.browser.page().await;
    assert_eq!((page.name, page.error), (long, None));
    assert!(setup.browser.cookie().await.size() < 200);
}
