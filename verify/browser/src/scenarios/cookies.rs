//! How the browser treats the cookie's attributes.

use crate::cookie::Cookie;
use crate::other_site::OtherSite;
use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, SHOP, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s13_the_browser_stores_the_cookie_with_its_attributes),
    scenario!(s13_scripts_can_neither_read_nor_replace_the_cookie),
    scenario!(s13_over_plain_http_a_secure_cookie_works_only_on_loopback),
    scenario!(s15_a_subdomain_cannot_plant_a_host_cookie),
    scenario!(s15_the_browser_rejects_cookies_that_violate_their_prefix),
    scenario!(s16_a_cookie_with_a_path_is_removed),
    scenario!(s16_a_cookie_with_every_attribute_is_removed_from_all_subdomains),
];

async fn s13_the_browser_stores_the_cookie_with_its_attributes(setup: Setup) {
    let _server = setup.open().await;
    let cookie = setup.browser.cookie().await;
    assert_eq!((&*cookie.name, &*cookie.path), ("session", "/"));
    assert_eq!(cookie.domain, LOOPBACK, "no dot: only for this host");
    assert!(cookie.http_only && !cookie.secure, "{cookie:?}");
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"));
    let now: f64 = setup.browser.run("return Date.now() / 1000").await;
    let minutes = (cookie.expires - now) / 60.0;
    assert!((119.0..=120.1).contains(&minutes), "{minutes}");
}

async fn s13_scripts_can_neither_read_nor_replace_the_cookie(setup: Setup) {
    let _server = setup.open().await;
    let before = (setup.browser.page().await, setup.browser.cookie().await);
    let visible: String = setup.browser.run("return document.cookie").await;
    assert_eq!(visible, "");
    // Proof that a script can set cookies at all.
    let script =
        "document.cookie = 'session=x'; document.cookie = 'other=y'; return document.cookie";
    assert_eq!(setup.browser.run::<String>(script).await, "other=y");
    let session = |cookie: &Cookie| cookie.name == "session";
    let cookies = setup.browser.cookies().await;
    assert_eq!(cookies.iter().filter(|cookie| session(cookie)).count(), 1);
    let kept = cookies.into_iter().find(session).unwrap();
    assert_eq!(kept.value, before.1.value);
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert_eq!((page.id, page.visits), (before.0.id, 2));
}

/// Browsers trust loopback, by address and by name.
async fn s13_over_plain_http_a_secure_cookie_works_only_on_loopback(setup: Setup) {
    let server = setup.serve(&[("SESSION_SECURE", "true")]).await;
    for host in [LOOPBACK, "localhost", "shop.localhost"] {
        for visits in 1..=2 {
            let page = setup.browser.page_at(&server.at(host)).await;
            assert_eq!(page.visits, visits, "{host}");
        }
    }
    assert!(
        setup
            .browser
            .cookies()
            .await
            .iter()
            .all(|cookie| cookie.secure)
    );
    setup.browser.reset().await;
    for _ in 0..2 {
        let page = setup.browser.page_at(&server.at(SHOP)).await;
        assert_eq!(page.visits, 1);
        assert!(setup.browser.cookies().await.is_empty());
    }
}

async fn s15_a_subdomain_cannot_plant_a_host_cookie(setup: Setup) {
    let settings = [
        ("SESSION_SECURE", "true"),
        ("SESSION_COOKIE", "__Host-session"),
    ];
    let server = setup.serve(&settings).await;
    let (shop, subdomain) = ("shop.localhost", "evil.shop.localhost");
    let before = setup.browser.page_at(&server.at(shop)).await;
    let cookie = setup.browser.cookie().await;
    assert_eq!((&*cookie.name, &*cookie.domain), ("__Host-session", shop));

    let planted = |name: &str| format!("{name}=planted; Secure; Path=/; Domain={shop}");
    let lines = [planted("__Host-session"), planted("other")];
    let site = OtherSite::with_cookies(&lines).await;
    setup.browser.visit(&site.at(subdomain)).await;
    let mut kept = setup.browser.cookies().await;
    kept.retain(|cookie| cookie.value == "planted");
    // Proof that a subdomain can plant cookies at all.
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].name, "other");
    let page = setup.browser.page_at(&server.at(shop)).await;
    assert_eq!((page.id, page.visits), (before.id, 2));
}

/// The server does not even start with such settings.
async fn s15_the_browser_rejects_cookies_that_violate_their_prefix(setup: Setup) {
    let lines = [
        "__Host-right=1; Secure; Path=/",
        "__Host-path=1; Secure; Path=/app",
        "__Host-domain=1; Secure; Path=/; Domain=shop.localhost",
        "__Host-insecure=1; Path=/",
        "__hOST-insecure=1; Path=/",
        "__Secure-right=1; Secure; Path=/app; Domain=shop.localhost",
        "__Secure-insecure=1; Path=/",
        "__sECURE-insecure=1; Path=/",
    ];
    let site = OtherSite::with_cookies(&lines.map(str::to_owned)).await;
    setup.browser.visit(&site.at("shop.localhost")).await;
    let cookies = setup.browser.cookies().await;
    let mut kept: Vec<&str> = cookies.iter().map(|cookie| &*cookie.name).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["__Host-right", "__Secure-right"]);
}

async fn s16_a_cookie_with_a_path_is_removed(setup: Setup) {
    let server = setup.serve(&[("SESSION_PATH", "/api")]).await;
    put_a_value(&setup, &server.at(SHOP)).await;
    let cookie = setup.browser.cookie().await;
    assert_eq!((&*cookie.domain, &*cookie.path), (SHOP, "/api"));
    destroy(&setup, &server.at(SHOP)).await;
}

async fn s16_a_cookie_with_every_attribute_is_removed_from_all_subdomains(setup: Setup) {
    let settings = [
        ("SESSION_COOKIE", "__Secure-shop"),
        ("SESSION_DOMAIN", "shop.localhost"),
        ("SESSION_PATH", "/api"),
        ("SESSION_SAME_SITE", "none"),
    ];
    let server = setup.serve(&settings).await;
    put_a_value(&setup, &server.at("www.shop.localhost")).await;
    let cookie = setup.browser.cookie().await;
    let place = (&*cookie.domain, &*cookie.path);
    assert_eq!(place, (".shop.localhost", "/api"));
    assert!(cookie.secure && cookie.same_site.as_deref() == Some("None"));
    // A sibling host removes it for all.
    destroy(&setup, &server.at("blog.shop.localhost")).await;
}

async fn put_a_value(setup: &Setup, site: &str) {
    // The page itself would start a session, outside the cookie's path.
    let page = format!("{site}api/untouched");
    setup.browser.visit(&page).await;
    let answer = setup
        .browser
        .fetch("PUT", "/api/session/a", Some("1"))
        .await;
    assert_eq!(answer.0, 204);
}

/// Destroys the session with that value, and asserts that the browser removes the cookie.
async fn destroy(setup: &Setup, site: &str) {
    setup.browser.visit(&format!("{site}api/untouched")).await;
    assert_eq!(setup.browser.session().await["data"]["a"], 1);
    let answer = setup.browser.fetch("POST", "/api/destroy", None).await;
    assert_eq!(answer.0, 204);
    assert!(setup.browser.cookies().await.is_empty());
}
