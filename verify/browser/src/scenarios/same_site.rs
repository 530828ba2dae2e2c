//! What a page of another site can do with the visitor's session.

use serde_json::json;

use crate::page::Page;
use crate::scenario::{Scenario, scenario};
use crate::site::Site;
use crate::stage::{ELSEWHERE, LOOPBACK, SHOP, Server, Stage};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(lax_a_link_brings_the_session_along),
    scenario!(lax_what_another_page_embeds_does_not_touch_the_session),
    scenario!(lax_a_form_of_another_page_gets_a_session_of_its_own_in_place_of_the_visitors),
    scenario!(
        strict_not_even_a_link_brings_the_session_along_and_where_it_leads_to_a_write_replaces_it
    ),
    scenario!(strict_what_another_page_embeds_does_not_touch_the_session),
    scenario!(strict_within_the_site_everything_works),
    scenario!(s14_none_everything_reaches_the_session),
    scenario!(s14_none_what_is_embedded_does_not_where_the_browser_blocks_third_parties),
    scenario!(s14_none_is_not_kept_over_plain_http),
];

/// Starts a playground where `same_site` is so, and gives the visitor a session with a name.
async fn named(stage: &Stage, same_site: &str, host: &str) -> (Server, Page) {
    let server = stage.serve(&[("SESSION_SAME_SITE", same_site)]).await;
    stage.browser.visit(&server.at(host)).await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    let page = stage.browser.page().await;
    assert_eq!(page.greeting, "Hello, Grace");
    (server, page)
}

/// A site with a link to `target`, and with a form that sends a name there.
async fn linking(target: &str) -> Site {
    let page = format!(
        r#"<a href="{target}">A link</a>
        <form method="post" action="{target}name"><input name="name"><button>Send</button></form>"#
    );
    Site::with_page(&page).await
}

/// A site whose page has `target` thrice: by a script, as an image, and in a frame. Its title says when all answered.
async fn embedding(target: &str) -> Site {
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
            document.title = "all answered";
        };"#;
    let script = script.replace("TARGET", &format!("{target:?}"));
    Site::with_page(&format!("<body><script>{script}</script>")).await
}

/// Opens a page of another site that embeds the playground, and waits for it.
async fn embed(stage: &Stage, target: &str, elsewhere: &str) {
    let site = embedding(target).await;
    stage.browser.visit(&site.at(elsewhere)).await;
    let title = "return document.title === 'all answered'";
    stage.browser.until(title, "the embedded requests").await;
}

async fn lax_a_link_brings_the_session_along(stage: Stage) {
    let (server, before) = named(&stage, "lax", SHOP).await;
    let site = linking(&server.at(SHOP)).await;
    stage.browser.visit(&site.at(ELSEWHERE)).await;
    stage.browser.follow("a").await;
    let page = stage.browser.page().await;
    assert_eq!((page.id, page.greeting), (before.id, before.greeting));
    assert_eq!(page.visits, before.visits + 1);
}

async fn lax_what_another_page_embeds_does_not_touch_the_session(stage: Stage) {
    nothing_embedded_touches(&stage, "lax", SHOP, ELSEWHERE).await;
}

async fn strict_what_another_page_embeds_does_not_touch_the_session(stage: Stage) {
    nothing_embedded_touches(&stage, "strict", SHOP, ELSEWHERE).await;
}

/// The requests bring no session, and the cookies in their answers do not replace the visitor's.
async fn nothing_embedded_touches(stage: &Stage, same_site: &str, host: &str, elsewhere: &str) {
    let (server, before) = named(stage, same_site, host).await;
    let cookie = stage.browser.cookie().await;
    embed(stage, &server.at(host), elsewhere).await;
    assert_eq!(stage.browser.cookie().await.value, cookie.value);
    let page = stage.browser.page_at(&server.at(host)).await;
    assert_eq!((page.id, page.visits), (before.id, before.visits + 1));
}

/// It can neither read nor change what the visitor's session holds. But its request comes without a session, so what the
/// form writes begins one, and the browser keeps that cookie: the visitor is no longer who they were.
async fn lax_a_form_of_another_page_gets_a_session_of_its_own_in_place_of_the_visitors(
    stage: Stage,
) {
    let (server, before) = named(&stage, "lax", SHOP).await;
    let cookie = stage.browser.cookie().await;
    let site = linking(&server.at(SHOP)).await;
    stage.browser.visit(&site.at(ELSEWHERE)).await;
    stage.browser.submit("/name", &[("name", "Mallory")]).await;
    let page = stage.browser.page().await;
    assert_ne!(page.id, before.id);
    assert_eq!((&*page.greeting, page.visits), ("Hello, Mallory", 1));

    stage.browser.keep(&cookie).await;
    let page = stage.browser.page_at(&server.at(SHOP)).await;
    assert_eq!((page.id, page.greeting), (before.id, before.greeting));
    assert_eq!(page.visits, before.visits + 1);
}

async fn strict_not_even_a_link_brings_the_session_along_and_where_it_leads_to_a_write_replaces_it(
    stage: Stage,
) {
    let (server, before) = named(&stage, "strict", SHOP).await;
    let cookie = stage.browser.cookie().await;
    // This reads the name only: there is none, and the visitor's session stays.
    let site = linking(&format!("{}api/session/name", server.at(SHOP))).await;
    stage.browser.visit(&site.at(ELSEWHERE)).await;
    stage.browser.follow("a").await;
    let text: String = stage.browser.run("return document.body.innerText").await;
    assert!(text.contains("there is no such key"), "{text}");
    assert_eq!(stage.browser.cookie().await.value, cookie.value);

    // This counts a visit, and so begins a session.
    let site = linking(&server.at(SHOP)).await;
    stage.browser.visit(&site.at(ELSEWHERE)).await;
    stage.browser.follow("a").await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.greeting, page.visits), ("Hello, stranger", 1));
    stage.browser.visit(&server.at(SHOP)).await;
    let after = stage.browser.page().await;
    assert_eq!((&after.id, after.visits), (&page.id, 2));
    assert_ne!(after.id, before.id);
}

async fn strict_within_the_site_everything_works(stage: Stage) {
    let (server, before) = named(&stage, "strict", SHOP).await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    assert!(stage.browser.page().await.is_logged_in());
    // A subdomain is the same site.
    let site = linking(&server.at(SHOP)).await;
    stage.browser.visit(&site.at("www.shop.test")).await;
    stage.browser.follow("a").await;
    let page = stage.browser.page().await;
    assert!(page.is_logged_in());
    assert_eq!(page.visits, before.visits + 2);
}

/// Such a cookie is Secure, so its site is one of loopback; the other one has the other name.
async fn s14_none_everything_reaches_the_session(stage: Stage) {
    let (server, before) = named(&stage, "none", LOOPBACK).await;
    let target = server.at(LOOPBACK);
    let cookie = stage.browser.cookie().await;
    assert!(cookie.secure && cookie.same_site.as_deref() == Some("None"));
    let site = linking(&target).await;
    stage.browser.visit(&site.at("localhost")).await;
    stage.browser.follow("a").await;
    let page = stage.browser.page().await;
    assert_eq!(
        (page.id, page.visits),
        (before.id.clone(), before.visits + 1)
    );
    embed(&stage, &target, "localhost").await;
    stage.browser.visit(&site.at("localhost")).await;
    stage.browser.submit("/name", &[("name", "Mallory")]).await;
    let page = stage.browser.page().await;
    assert_eq!((page.id, page.visits), (before.id, before.visits + 5));
    assert_eq!(page.greeting, "Hello, Mallory");
}

async fn s14_none_what_is_embedded_does_not_where_the_browser_blocks_third_parties(stage: Stage) {
    let blocking = json!({
        "enableThirdPartyCookieRestriction": true,
        "disableThirdPartyCookieMetadata": true,
        "disableThirdPartyCookieHeuristics": true,
    });
    stage.browser.devtools("Network.enable", json!({})).await;
    let command = "Network.setCookieControls";
    stage.browser.devtools(command, blocking).await;
    nothing_embedded_touches(&stage, "none", LOOPBACK, "localhost").await;
}

async fn s14_none_is_not_kept_over_plain_http(stage: Stage) {
    let server = stage.serve(&[("SESSION_SAME_SITE", "none")]).await;
    for _ in 0..2 {
        assert_eq!(stage.browser.page_at(&server.at(SHOP)).await.visits, 1);
        assert!(stage.browser.cookies().await.is_empty());
    }
}
