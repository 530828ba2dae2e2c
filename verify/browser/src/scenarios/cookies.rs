//! What the browser makes of the cookie's attributes.

use crate::cookie::Cookie;
use crate::scenario::{Scenario, scenario};
use crate::site::Site;
use crate::stage::{LOOPBACK, SHOP, Stage};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s13_the_cookie_is_kept_as_it_was_meant),
    scenario!(s13_scripts_neither_see_the_cookie_nor_replace_it),
    scenario!(s13_a_secure_cookie_is_kept_on_loopback_and_by_no_other_site_over_plain_http),
    scenario!(s15_a_host_cookie_is_kept_and_no_subdomain_can_plant_one),
    scenario!(s15_the_browser_keeps_no_cookie_that_breaks_its_prefix),
    scenario!(s16_the_removal_removes_below_a_path),
    scenario!(s16_the_removal_removes_from_all_subdomains_whatever_else_is_set),
];

async fn s13_the_cookie_is_kept_as_it_was_meant(stage: Stage) {
    let _server = stage.open().await;
    let cookie = stage.browser.cookie().await;
    assert_eq!((&*cookie.name, &*cookie.path), ("session", "/"));
    assert_eq!(cookie.domain, LOOPBACK, "no dot: for this host only");
    assert!(cookie.http_only && !cookie.secure, "{cookie:?}");
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"));
    let now: f64 = stage.browser.run("return Date.now() / 1000").await;
    let minutes = (cookie.expires - now) / 60.0;
    assert!((119.0..=120.1).contains(&minutes), "{minutes}");
}

async fn s13_scripts_neither_see_the_cookie_nor_replace_it(stage: Stage) {
    let _server = stage.open().await;
    let before = (stage.browser.page().await, stage.browser.cookie().await);
    let visible: String = stage.browser.run("return document.cookie").await;
    assert_eq!(visible, "");
    // The proof that a script can set cookies.
    let script =
        "document.cookie = 'session=x'; document.cookie = 'other=y'; return document.cookie";
    assert_eq!(stage.browser.run::<String>(script).await, "other=y");
    let session = |cookie: &Cookie| cookie.name == "session";
    let cookies = stage.browser.cookies().await;
    assert_eq!(cookies.iter().filter(|cookie| session(cookie)).count(), 1);
    let kept = cookies.into_iter().find(session).unwrap();
    assert_eq!(kept.value, before.1.value);
    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert_eq!((page.id, page.visits), (before.0.id, 2));
}

/// Browsers take loopback for a safe place, whether by number or by name.
async fn s13_a_secure_cookie_is_kept_on_loopback_and_by_no_other_site_over_plain_http(
    stage: Stage,
) {
    let server = stage.serve(&[("SESSION_SECURE", "true")]).await;
    for host in [LOOPBACK, "localhost", "shop.localhost"] {
        for visits in 1..=2 {
            let page = stage.browser.page_at(&server.at(host)).await;
            assert_eq!(page.visits, visits, "{host}");
        }
    }
    assert!(
        stage
            .browser
            .cookies()
            .await
            .iter()
            .all(|cookie| cookie.secure)
    );
    stage.browser.forget().await;
    for _ in 0..2 {
        let page = stage.browser.page_at(&server.at(SHOP)).await;
        assert_eq!(page.visits, 1);
        assert!(stage.browser.cookies().await.is_empty());
    }
}

async fn s15_a_host_cookie_is_kept_and_no_subdomain_can_plant_one(stage: Stage) {
    let settings = [
        ("SESSION_SECURE", "true"),
        ("SESSION_COOKIE", "__Host-session"),
    ];
    let server = stage.serve(&settings).await;
    let (shop, subdomain) = ("shop.localhost", "evil.shop.localhost");
    let before = stage.browser.page_at(&server.at(shop)).await;
    let cookie = stage.browser.cookie().await;
    assert_eq!((&*cookie.name, &*cookie.domain), ("__Host-session", shop));

    let planted = |name: &str| format!("{name}=planted; Secure; Path=/; Domain={shop}");
    let lines = [planted("__Host-session"), planted("other")];
    let site = Site::with_cookies(&lines).await;
    stage.browser.visit(&site.at(subdomain)).await;
    let mut kept = stage.browser.cookies().await;
    kept.retain(|cookie| cookie.value == "planted");
    // The proof that a subdomain can plant cookies.
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].name, "other");
    let page = stage.browser.page_at(&server.at(shop)).await;
    assert_eq!((page.id, page.visits), (before.id, 2));
}

/// The server refuses to start with what these lines say; this is what would come of it.
async fn s15_the_browser_keeps_no_cookie_that_breaks_its_prefix(stage: Stage) {
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
    let site = Site::with_cookies(&lines.map(str::to_owned)).await;
    stage.browser.visit(&site.at("shop.localhost")).await;
    let cookies = stage.browser.cookies().await;
    let mut kept: Vec<&str> = cookies.iter().map(|cookie| &*cookie.name).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["__Host-right", "__Secure-right"]);
}

async fn s16_the_removal_removes_below_a_path(stage: Stage) {
    let server = stage.serve(&[("SESSION_PATH", "/api")]).await;
    put_a_value(&stage, &server.at(SHOP)).await;
    let cookie = stage.browser.cookie().await;
    assert_eq!((&*cookie.domain, &*cookie.path), (SHOP, "/api"));
    destroy(&stage, &server.at(SHOP)).await;
}

async fn s16_the_removal_removes_from_all_subdomains_whatever_else_is_set(stage: Stage) {
    let settings = [
        ("SESSION_COOKIE", "__Secure-shop"),
        ("SESSION_DOMAIN", "shop.localhost"),
        ("SESSION_PATH", "/api"),
        ("SESSION_SAME_SITE", "none"),
    ];
    let server = stage.serve(&settings).await;
    put_a_value(&stage, &server.at("www.shop.localhost")).await;
    let cookie = stage.browser.cookie().await;
    let place = (&*cookie.domain, &*cookie.path);
    assert_eq!(place, (".shop.localhost", "/api"));
    assert!(cookie.secure && cookie.same_site.as_deref() == Some("None"));
    // A sister ends it for all.
    destroy(&stage, &server.at("blog.shop.localhost")).await;
}

async fn put_a_value(stage: &Stage, site: &str) {
    // The page would begin a session of its own, below another path.
    let page = format!("{site}api/untouched");
    stage.browser.visit(&page).await;
    let answer = stage
        .browser
        .fetch("PUT", "/api/session/a", Some("1"))
        .await;
    assert_eq!(answer.0, 204);
}

/// Ends the session with that value, and looks whether the browser has removed its cookie.
async fn destroy(stage: &Stage, site: &str) {
    stage.browser.visit(&format!("{site}api/untouched")).await;
    assert_eq!(stage.browser.session().await["data"]["a"], 1);
    let answer = stage.browser.fetch("POST", "/api/destroy", None).await;
    assert_eq!(answer.0, 204);
    assert!(stage.browser.cookies().await.is_empty());
}
