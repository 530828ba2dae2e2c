//! Login and logout.

use crate::other_site::OtherSite;
use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, SHOP, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s06_login_changes_the_id_and_keeps_the_data),
    scenario!(s07_logout_ends_the_session_in_the_browser),
    scenario!(s07_a_cookie_from_before_the_logout_is_rejected).redis_only(),
    scenario!(a_cookie_from_before_the_logout_works_until_it_expires).cookie_only(),
    scenario!(s24_after_logout_the_back_button_shows_no_page_that_set_the_cookie).cookie_only(),
    scenario!(s24_no_store_pages_are_not_restored_after_the_cookie_changes),
    scenario!(after_logout_the_back_button_shows_pages_that_only_read_the_session),
];

async fn s06_login_changes_the_id_and_keeps_the_data(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    let before = setup.browser.page().await;
    let cookie = setup.browser.cookie().await;

    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.greeting, &*page.name), ("Hello, Ada", "Grace"));
    assert!(page.is_logged_in());
    assert_ne!(page.id, before.id);
    assert_eq!(page.visits, before.visits + 1);
    assert!(page.notice.is_some(), "{page:?}");
    // Still one cookie, with a new value.
    assert_ne!(setup.browser.cookie().await.value, cookie.value);
}

async fn s07_logout_ends_the_session_in_the_browser(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let before = setup.browser.page().await;

    setup.browser.submit("/logout", &[]).await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.greeting, &*page.name), ("Hello, stranger", ""));
    assert!(!page.is_logged_in());
    assert_ne!(page.id, before.id);
    assert_eq!(page.visits, 1);
    assert!(page.notice.is_some(), "{page:?}");
}

async fn s07_a_cookie_from_before_the_logout_is_rejected(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let before = setup.browser.page().await;
    let cookie = setup.browser.cookie().await;
    setup.browser.submit("/logout", &[]).await;

    setup.browser.restore(&cookie).await;
    assert_eq!(setup.browser.cookie().await.value, cookie.value);
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert!(!page.is_logged_in());
    assert_eq!((&*page.greeting, page.visits), ("Hello, stranger", 1));
    assert_ne!(page.id, before.id);
    assert_ne!(setup.browser.cookie().await.value, cookie.value);
}

/// The cookie driver cannot revoke, as its documentation says.
async fn a_cookie_from_before_the_logout_works_until_it_expires(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let before = setup.browser.page().await;
    let cookie = setup.browser.cookie().await;
    setup.browser.submit("/logout", &[]).await;

    setup.browser.restore(&cookie).await;
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert!(page.is_logged_in());
    assert_eq!(page.id, before.id);
}

/// Neither the HTTP cache nor the back/forward cache restores it. With the cookie driver, every visit to the page sets the
/// cookie.
async fn s24_after_logout_the_back_button_shows_no_page_that_set_the_cookie(setup: Setup) {
    let server = setup.open().await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    setup.browser.submit("/logout", &[]).await;
    setup.browser.back().await;
    assert!(!setup.browser.page().await.is_logged_in());

    // With another page of the site in between.
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    assert!(setup.browser.page().await.is_logged_in());
    let untouched = server.at(LOOPBACK) + "api/untouched";
    setup.browser.visit(&untouched).await;
    let (status, _) = setup.browser.fetch("POST", "/logout", None).await;
    assert_eq!(status, 200, "redirected to the page");
    setup.browser.back().await;
    let page = setup.browser.page().await;
    assert!(!page.is_logged_in(), "{page:?}");
    assert_eq!(page.greeting, "Hello, stranger");
}

/// Proof that this browser restores pages from its back/forward cache, and that `no-store` prevents it once a cookie of the
/// site changes.
async fn s24_no_store_pages_are_not_restored_after_the_cookie_changes(setup: Setup) {
    let lines = ["session=another; HttpOnly".to_owned()];
    let logout = OtherSite::with_cookies(&lines).await;
    for (caching, is_restored) in [("private, no-cache, max-age=0", true), ("no-store", false)] {
        let page = OtherSite::with_caching(caching).await;
        setup.browser.visit(&page.at(SHOP)).await;
        setup.browser.run::<()>("window.mark = true").await;
        setup.browser.visit(&logout.at(SHOP)).await;
        setup.browser.back().await;
        let was_restored: bool = setup.browser.run("return !!window.mark").await;
        assert_eq!(was_restored, is_restored, "{caching}");
    }
}

/// The library sends `no-store` only with a cookie. A page with private content must send it itself.
async fn after_logout_the_back_button_shows_pages_that_only_read_the_session(setup: Setup) {
    let server = setup.open().await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let address = server.at(LOOPBACK) + "api/session/user";
    let text = "return document.body.innerText";
    setup.browser.visit(&address).await;
    assert_eq!(setup.browser.run::<String>(text).await, r#""ada""#);
    setup.browser.visit(&server.at(LOOPBACK)).await;
    setup.browser.submit("/logout", &[]).await;

    setup.browser.back().await;
    assert!(!setup.browser.page().await.is_logged_in());
    setup.browser.back().await;
    assert_eq!(setup.browser.run::<String>(text).await, r#""ada""#);
    setup.browser.reload().await;
    let text: String = setup.browser.run(text).await;
    assert!(text.contains("error") && !text.contains("ada"), "{text}");
}
