//! Login and logout.

use crate::scenario::{Scenario, scenario};
use crate::site::Site;
use crate::stage::{LOOPBACK, SHOP, Stage};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s06_login_changes_the_id_and_keeps_the_data),
    scenario!(s07_logout_ends_the_session_in_the_browser),
    scenario!(s07_a_cookie_from_before_the_logout_is_worth_nothing).in_redis_only(),
    scenario!(a_cookie_from_before_the_logout_is_good_until_it_expires).in_cookies_only(),
    scenario!(s24_after_a_logout_the_way_back_shows_no_page_that_set_the_cookie),
    scenario!(s24_no_store_keeps_a_page_from_coming_back_once_the_cookie_has_changed),
    scenario!(after_a_logout_the_way_back_shows_a_page_that_only_read_the_session),
];

async fn s06_login_changes_the_id_and_keeps_the_data(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    let before = stage.browser.page().await;
    let cookie = stage.browser.cookie().await;

    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.greeting, &*page.name), ("Hello, Ada", "Grace"));
    assert!(page.is_logged_in());
    assert_ne!(page.id, before.id);
    assert_eq!(page.visits, before.visits + 1);
    let notice = "Welcome. The session has a new id and the same data.";
    assert_eq!(page.notice.as_deref(), Some(notice));
    // One cookie, another one.
    assert_ne!(stage.browser.cookie().await.value, cookie.value);
}

async fn s07_logout_ends_the_session_in_the_browser(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let before = stage.browser.page().await;

    stage.browser.submit("/logout", &[]).await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.greeting, &*page.name), ("Hello, stranger", ""));
    assert!(!page.is_logged_in());
    assert_ne!(page.id, before.id);
    assert_eq!(page.visits, 1);
    let notice = "You are logged out. That session is gone; this is a new one.";
    assert_eq!(page.notice.as_deref(), Some(notice));
}

async fn s07_a_cookie_from_before_the_logout_is_worth_nothing(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let before = stage.browser.page().await;
    let cookie = stage.browser.cookie().await;
    stage.browser.submit("/logout", &[]).await;

    stage.browser.keep(&cookie).await;
    assert_eq!(stage.browser.cookie().await.value, cookie.value);
    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert!(!page.is_logged_in());
    assert_eq!((&*page.greeting, page.visits), ("Hello, stranger", 1));
    assert_ne!(page.id, before.id);
    assert_ne!(stage.browser.cookie().await.value, cookie.value);
}

/// What the documentation says of the cookie driver.
async fn a_cookie_from_before_the_logout_is_good_until_it_expires(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let before = stage.browser.page().await;
    let cookie = stage.browser.cookie().await;
    stage.browser.submit("/logout", &[]).await;

    stage.browser.keep(&cookie).await;
    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert!(page.is_logged_in());
    assert_eq!(page.id, before.id);
}

/// Neither from the cache of answers nor from that of whole pages. Each visit to the page sets the cookie anew.
async fn s24_after_a_logout_the_way_back_shows_no_page_that_set_the_cookie(stage: Stage) {
    let server = stage.open().await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    stage.browser.submit("/logout", &[]).await;
    stage.browser.back().await;
    assert!(!stage.browser.page().await.is_logged_in());

    // Where another page of the site is on the way.
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    assert!(stage.browser.page().await.is_logged_in());
    let untouched = server.at(LOOPBACK) + "api/untouched";
    stage.browser.visit(&untouched).await;
    let (status, _) = stage.browser.fetch("POST", "/logout", None).await;
    assert_eq!(status, 200, "redirected to the page");
    stage.browser.back().await;
    let page = stage.browser.page().await;
    assert!(!page.is_logged_in(), "{page:?}");
    assert_eq!(page.greeting, "Hello, stranger");
}

/// The proof that this browser keeps whole pages, and that `no-store` is what matters. (It keeps even such a page, but only as
/// long as no cookie of its site changes.)
async fn s24_no_store_keeps_a_page_from_coming_back_once_the_cookie_has_changed(stage: Stage) {
    let lines = ["session=another; HttpOnly".to_owned()];
    let logout = Site::with_cookies(&lines).await;
    for (caching, comes_back) in [("private, no-cache, max-age=0", true), ("no-store", false)] {
        let page = Site::with_caching(caching).await;
        stage.browser.visit(&page.at(SHOP)).await;
        stage.browser.run::<()>("window.mark = true").await;
        stage.browser.visit(&logout.at(SHOP)).await;
        stage.browser.back().await;
        let is_same: bool = stage.browser.run("return !!window.mark").await;
        assert_eq!(is_same, comes_back, "{caching}");
    }
}

/// The library says `no-store` only where it sets the cookie: a page with something private on it has to say so itself.
async fn after_a_logout_the_way_back_shows_a_page_that_only_read_the_session(stage: Stage) {
    let server = stage.open().await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let address = server.at(LOOPBACK) + "api/session/user";
    let text = "return document.body.innerText";
    stage.browser.visit(&address).await;
    assert_eq!(stage.browser.run::<String>(text).await, r#""Ada""#);
    stage.browser.visit(&server.at(LOOPBACK)).await;
    stage.browser.submit("/logout", &[]).await;

    stage.browser.back().await;
    assert!(!stage.browser.page().await.is_logged_in());
    stage.browser.back().await;
    assert_eq!(stage.browser.run::<String>(text).await, r#""Ada""#);
    stage.browser.reload().await;
    let text: String = stage.browser.run(text).await;
    assert!(!text.contains("Ada"), "{text}");
}
