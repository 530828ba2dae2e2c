//! The page: its forms, its notices and the user's input.

use std::sync::Arc;

use serde_json::json;
use test_support::RedisServer;

use crate::other_site::OtherSite;
use crate::page::Page;
use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, SHOP, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_returning_browser_is_recognized),
    scenario!(a_name_is_kept_and_its_notice_is_shown_once),
    scenario!(a_flash_message_is_shown_once),
    scenario!(user_input_is_shown_as_text),
    scenario!(the_page_works_without_javascript),
    scenario!(the_page_fits_on_a_phone),
    scenario!(while_the_store_hangs_the_page_says_so_and_the_cookie_is_kept).redis_only(),
];

async fn a_returning_browser_is_recognized(setup: Setup) {
    let _server = setup.open().await;
    let first = setup.browser.page().await;
    let expected = Page {
        path: "/".to_owned(),
        greeting: "Hello, stranger".to_owned(),
        visits: 1,
        notice: None,
        error: None,
        name: String::new(),
        id: first.id.clone(),
        state: "not logged in".to_owned(),
        devices: Vec::new(),
    };
    assert_eq!(first, expected);
    assert_eq!(
        first.id.chars().count(),
        9,
        "eight characters and an ellipsis"
    );

    setup.browser.reload().await;
    let visits = 2;
    assert_eq!(setup.browser.page().await, Page { visits, ..expected });
    let messages = setup.browser.console().await;
    assert!(messages.is_empty(), "{messages:?}");
}

async fn a_name_is_kept_and_its_notice_is_shown_once(setup: Setup) {
    let _server = setup.open().await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.path, &*page.greeting), ("/", "Hello, Grace"));
    assert!(page.notice.is_some(), "{page:?}");

    // A reload after the redirect does not submit the form again.
    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.greeting, page.notice), ("Hello, Grace", None));
    assert_eq!(page.visits, 3);
}

async fn a_flash_message_is_shown_once(setup: Setup) {
    let _server = setup.open().await;
    setup
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let page = setup.browser.page().await;
    assert_eq!((&*page.path, page.notice.as_deref()), ("/", Some("Saved!")));
    setup.browser.reload().await;
    assert_eq!(setup.browser.page().await.notice, None);
}

/// An alert would make the next command fail.
async fn user_input_is_shown_as_text(setup: Setup) {
    let _server = setup.open().await;
    let hostile = r#"<script>alert(1)</script><img src=x onerror=alert(2)> & "quotes" {{id}}"#;
    for (action, field) in [("/name", "name"), ("/flash", "message"), ("/login", "name")] {
        setup.browser.submit(action, &[(field, hostile)]).await;
    }
    setup
        .browser
        .submit("/flash", &[("message", hostile)])
        .await;
    let page = setup.browser.page().await;
    assert_eq!(page.greeting, format!("Hello, {hostile}"));
    assert_eq!(page.notice.as_deref(), Some(hostile));
    assert_eq!(page.name, hostile);
    let elements = "return document.querySelectorAll('script, img').length";
    assert_eq!(setup.browser.run::<u32>(elements).await, 0);
}

async fn the_page_works_without_javascript(setup: Setup) {
    let script = json!({ "value": true });
    let command = "Emulation.setScriptExecutionDisabled";
    setup.browser.devtools(command, script).await;
    // Proof that no script runs.
    let site =
        OtherSite::with_page("<title>off</title><script>document.title = 'on'</script>").await;
    setup.browser.visit(&site.at(SHOP)).await;
    let title: String = setup.browser.run("return document.title").await;
    assert_eq!(title, "off");

    let server = setup.serve(&[]).await;
    let before = setup.browser.page_at(&server.at(LOOPBACK)).await;
    setup.browser.submit("/name", &[("name", "Grace")]).await;
    assert_eq!(setup.browser.page().await.greeting, "Hello, Grace");
    setup
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let notice = setup.browser.page().await.notice;
    assert_eq!(notice.as_deref(), Some("Saved!"));
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let page = setup.browser.page().await;
    assert!(page.is_logged_in() && page.id != before.id, "{page:?}");
    setup.browser.submit("/logout", &[]).await;
    let page = setup.browser.page().await;
    assert!(!page.is_logged_in() && page.name.is_empty(), "{page:?}");
}

async fn the_page_fits_on_a_phone(setup: Setup) {
    let size = json!({ "width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true });
    let command = "Emulation.setDeviceMetricsOverride";
    setup.browser.devtools(command, size).await;
    let _server = setup.open().await;
    let long = "x".repeat(300);
    for (action, field) in [("/name", "name"), ("/login", "name"), ("/flash", "message")] {
        setup.browser.submit(action, &[(field, &long)]).await;
    }
    let widest = "return Math.max(...[...document.querySelectorAll('body *')]
        .map(element => element.getBoundingClientRect().right))";
    let widest: f64 = setup.browser.run(widest).await;
    assert!(widest <= 320.0, "an element ends at {widest} of 320 pixels");
}

async fn while_the_store_hangs_the_page_says_so_and_the_cookie_is_kept(setup: Setup) {
    // This server will be stopped, so it must not be shared.
    let redis = Arc::new(RedisServer::start());
    let setup = setup.with_redis(&redis);
    let server = setup.open().await;
    setup.browser.submit("/login", &[("name", "Ada")]).await;
    let before = (setup.browser.page().await, setup.browser.cookie().await);
    redis.signal("STOP");
    setup.browser.visit(&server.at(LOOPBACK)).await;
    let page = setup.browser.page().await;
    let cookie = setup.browser.cookie().await;
    redis.signal("CONT");
    assert_eq!(page.greeting, "Hello, stranger");
    assert!(page.error.is_some() && !page.is_logged_in(), "{page:?}");
    assert_ne!(page.state, "not logged in", "it is unknown");
    assert_eq!(cookie.value, before.1.value);

    setup.browser.reload().await;
    let page = setup.browser.page().await;
    assert!(page.is_logged_in() && page.id == before.0.id, "{page:?}");
    assert_eq!(page.visits, before.0.visits + 1);
}
