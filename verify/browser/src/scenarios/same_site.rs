//! What a page of another site can do with the visitor's session.

use serde_json::json;

use crate::other_site::OtherSite;
use crate::page::Page;
use crate::scenario::{Scenario, scenario};
use crate::setup::{ELSEWHERE, LOOPBACK, SHOP, Server, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(lax_a_link_from_another_site_sends_the_cookie),
    scenario!(lax_embedded_requests_do_not_touch_the_session),
    scenario!(lax_a_form_on_another_site_replaces_the_session_with_a_new_one),
    scenario!(strict_a_link_from_another_site_sends_no_cookie_and_a_write_replaces_it),
    scenario!(strict_embedded_requests_do_not_touch_the_session),
    scenario!(strict_requests_within_the_site_send_the_cookie),
    scenario!(s14_none_every_cross_site_request_sends_the_cookie),
    scenario!(s14_none_blocked_third_party_requests_do_not_touch_the_session),
    scenario!(s14_none_is_rejected_over_plain_http),
];

/// Starts a playground with this SameSite attribute, and a session with a name.
async fn named(setup: &Setup, same_site: &str, host: &str) -> (Server, Page) {
    let server = setup.serve(&[("SESSION_SAME_SITE", same_site)]).await;
    setup.browser.visit(&server.at(host)).await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    let page = setup.browser.page().await;
    assert_eq!(page.greeting, "Hello, Grace");
    (server, page)
}

/// A site with a link to `target` and a form that posts a name there.
async fn linking(target: &str) -> OtherSite {
    let page = format!(
        r#"<a href="{target}">A link</a>
        <form method="post" action="{target}name"><input name="name"><button>Send</button></form>"#
    );
    OtherSite::with_page(&page).await
}

/// A site that embeds `target` by `fetch`, as an image and in a frame. Its title changes when all requests are done.
async fn embedding(target: &str) -> OtherSite {
    let script = r#"
        const embed = (kind, source) => new Promise(done => {
            const element = document.createElement(kind);
            element.onload = element.onerror = done;
            element.src = source;
            document.body.append(element);
        });
        onload = async () => {
            await fetch(TARGET + "?fetched", { mode: "no-cors", credentials: "include" });
            await embed("img", TARGET + "?image");
            await embed("iframe", TARGET + "?frame");
            document.title = "done";
        };"#;
    let script = script.replace("TARGET", &format!("{target:?}"));
    OtherSite::with_page(&format!("<body><script>{script}</script>")).await
}

/// Opens a page of another site that embeds the playground, and waits for its requests.
async fn embed(setup: &Setup, target: &str, elsewhere: &str) {
    let site = embedding(target).await;
    setup.browser.visit(&site.at(elsewhere)).await;
    let title = "return document.title === 'done'";
    setup.browser.until(title, "the embedded requests").await;
}

async fn lax_a_link_from_another_site_sends_the_cookie(setup: Setup) {
    let (server, before) = named(&setup, "lax", SHOP).await;
    let site = linking(&server.at(SHOP)).await;
    setup.browser.visit(&site.at(ELSEWHERE)).await;
    setup.browser.follow("a").await;
    let page = setup.browser.page().await;
    assert_eq!((page.id, page.greeting), (before.id, before.greeting));
    assert_eq!(page.visits, before.visits + 1);
}

async fn lax_embedded_requests_do_not_touch_the_session(setup: Setup) {
    assert_embedding_touches_nothing(&setup, "lax", SHOP, ELSEWHERE).await;
}

async fn strict_embedded_requests_do_not_touch_the_session(setup: Setup) {
    assert_embedding_touches_nothing(&setup, "strict", SHOP, ELSEWHERE).await;
}

/// The requests carry no session, and the cookies in their responses do not replace the user's.
async fn assert_embedding_touches_nothing(
    setup: &Setup,
    same_site: &str,
    host: &str,
    elsewhere: &str,
) {
    let (server, before) = named(setup, same_site, host).await;
    let cookie = setup.browser.cookie().await;
    embed(setup, &server.at(host), elsewhere).await;
    assert_eq!(setup.browser.cookie().await.value, cookie.value);
    let page = setup.browser.page_at(&server.at(host)).await;
    assert_eq!((page.id, page.visits), (before.id, before.visits + 1));
}

/// The form can neither read nor change the user's session. But its request carries no session, so its write starts a new
/// one, and the browser stores that cookie in place of the user's.
async fn lax_a_form_on_another_site_replaces_the_session_with_a_new_one(setup: Setup) {
    let (server, before) = named(&setup, "lax", SHOP).await;
    let cookie = setup.browser.cookie().await;
    let site = linking(&server.at(SHOP)).await;
    setup.browser.visit(&site.at(ELSEWHERE)).await;
    setup.browser.submit("/name", &[("name", "Mallory")]).await;
    let page = setup.browser.page().await;
    assert_ne!(page.id, before.id);
    assert_eq!((&*page.greeting, page.visits), ("Hello, Mallory", 1));

    setup.browser.restore(&cookie).await;
    let page = setup.browser.page_at(&server.at(SHOP)).await;
    assert_eq!((page.id, page.greeting), (before.id, before.greeting));
    assert_eq!(page.visits, before.visits + 1);
}

async fn strict_a_link_from_another_site_sends_no_cookie_and_a_write_replaces_it(setup: Setup) {
    let (server, before) = named(&setup, "strict", SHOP).await;
    let cookie = setup.browser.cookie().await;
    // This link only reads a key. The user's session stays.
    let site = linking(&format!("{}api/session/name", server.at(SHOP))).await;
    setup.browser.visit(&site.at(ELSEWHERE)).await;
    setup.browser.follow("a").await;
    let text: String = setup.browser.run("return document.body.innerText").await;
    assert!(text.contains("error") && !text.contains("Grace"), "{text}");
    assert_eq!(setup.browser.cookie().await.value, cookie.value);

    // This link counts a visit, which starts a new session.
    let site = linking(&server.at(SHOP)).await;
    setup.browser.visit(&site.at(ELSEWHERE)).await;
    setup.browser.follow("a").await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.greeting, page.visits), ("Hello, stranger", 1));
    setup.browser.visit(&server.at(SHOP)).await;
    let after = setup.browser.page().await;
    assert_eq!((&after.id, after.visits), (&page.id, 2));
    assert_ne!(after.id, before.id);
}

async fn strict_requests_within_the_site_send_the_cookie(setup: Setup) {
    let (server, before) = named(&setup, "strict", SHOP).await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    assert!(setup.browser.page().await.is_logged_in());
    // A subdomain is the same site.
    let site = linking(&server.at(SHOP)).await;
    setup.browser.visit(&site.at("www.shop.test")).await;
    setup.browser.follow("a").await;
    let page = setup.browser.page().await;
    assert!(page.is_logged_in());
    assert_eq!(page.visits, before.visits + 2);
}

/// The cookie is Secure, so both sites are loopback: one by address, one by name.
async fn s14_none_every_cross_site_request_sends_the_cookie(setup: Setup) {
    let (server, before) = named(&setup, "none", LOOPBACK).await;
    let target = server.at(LOOPBACK);
    let cookie = setup.browser.cookie().await;
    assert!(cookie.secure && cookie.same_site.as_deref() == Some("None"));
    let site = linking(&target).await;
    setup.browser.visit(&site.at("localhost")).await;
    setup.browser.follow("a").await;
    let page = setup.browser.page().await;
    assert_eq!(
        (page.id, page.visits),
        (before.id.clone(), before.visits + 1)
    );
    embed(&setup, &target, "localhost").await;
    setup.browser.visit(&site.at("localhost")).await;
    setup.browser.submit("/name", &[("name", "Mallory")]).await;
    let page = setup.browser.page().await;
    assert_eq!((page.id, page.visits), (before.id, before.visits + 5));
    assert_eq!(page.greeting, "Hello, Mallory");
}

async fn s14_none_blocked_third_party_requests_do_not_touch_the_session(setup: Setup) {
    let blocking = json!({
        "enableThirdPartyCookieRestriction": true,
        "disableThirdPartyCookieMetadata": true,
        "disableThirdPartyCookieHeuristics": true,
    });
    setup.browser.devtools("Network.enable", json!({})).await;
    let command = "Network.setCookieControls";
    setup.browser.devtools(command, blocking).await;
    assert_embedding_touches_nothing(&setup, "none", LOOPBACK, "localhost").await;
}

async fn s14_none_is_rejected_over_plain_http(setup: Setup) {
    let server = setup.serve(&[("SESSION_SAME_SITE", "none")]).await;
    for _ in 0..2 {
        assert_eq!(setup.browser.page_at(&server.at(SHOP)).await.visits, 1);
        assert!(setup.browser.cookies().await.is_empty());
    }
}
