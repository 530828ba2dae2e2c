//! The page for people: its forms, its notices, and what is shown of what they typed.

use std::sync::Arc;

use serde_json::json;
use test_support::RedisServer;

use crate::page::Page;
use crate::scenario::{Scenario, scenario};
use crate::site::Site;
use crate::stage::{LOOPBACK, SHOP, Stage, Store};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_browser_is_recognised_on_its_next_visit),
    scenario!(a_name_is_kept_and_its_notice_is_seen_once),
    scenario!(a_flash_is_seen_once),
    scenario!(what_people_type_is_shown_as_text),
    scenario!(the_page_works_without_scripts),
    scenario!(nothing_is_wider_than_a_phone),
    scenario!(while_the_store_does_not_answer_the_page_says_so_and_the_cookie_is_kept)
        .in_redis_only(),
];

async fn a_browser_is_recognised_on_its_next_visit(stage: Stage) {
    let _server = stage.open().await;
    let first = stage.browser.page().await;
    let expected = Page {
        path: "/".to_owned(),
        greeting: "Hello, stranger".to_owned(),
        visits: 1,
        notice: None,
        error: None,
        name: String::new(),
        id: first.id.clone(),
        state: "not logged in".to_owned(),
    };
    assert_eq!(first, expected);
    assert_eq!(first.id.chars().count(), 9, "eight and an ellipsis");

    stage.browser.reload().await;
    let visits = 2;
    assert_eq!(stage.browser.page().await, Page { visits, ..expected });
    let complaints = stage.browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
}

async fn a_name_is_kept_and_its_notice_is_seen_once(stage: Stage) {
    let _server = stage.open().await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.path, &*page.greeting), ("/", "Hello, Grace"));
    let notice = "Your name was put into the session.";
    assert_eq!(page.notice.as_deref(), Some(notice));

    // A reload of what followed the redirect does not send the form again.
    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.greeting, page.notice), ("Hello, Grace", None));
    assert_eq!(page.visits, 3);
}

async fn a_flash_is_seen_once(stage: Stage) {
    let _server = stage.open().await;
    stage
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let page = stage.browser.page().await;
    assert_eq!((&*page.path, page.notice.as_deref()), ("/", Some("Saved!")));
    stage.browser.reload().await;
    assert_eq!(stage.browser.page().await.notice, None);
}

/// An alert would break off whatever comes next.
async fn what_people_type_is_shown_as_text(stage: Stage) {
    let _server = stage.open().await;
    let hostile = r#"<script>alert(1)</script><img src=x onerror=alert(2)> & "quotes" {{id}}"#;
    for (action, field) in [("/name", "name"), ("/flash", "message"), ("/login", "user")] {
        stage.browser.submit(action, &[(field, hostile)]).await;
    }
    stage
        .browser
        .submit("/flash", &[("message", hostile)])
        .await;
    let page = stage.browser.page().await;
    assert_eq!(page.greeting, format!("Hello, {hostile}"));
    assert_eq!(page.notice.as_deref(), Some(hostile));
    assert_eq!(page.name, hostile);
    let elements = "return document.querySelectorAll('script, img').length";
    assert_eq!(stage.browser.run::<u32>(elements).await, 0);
}

async fn the_page_works_without_scripts(stage: Stage) {
    let script = json!({ "value": true });
    let command = "Emulation.setScriptExecutionDisabled";
    stage.browser.devtools(command, script).await;
    // The proof that none runs.
    let site = Site::with_page("<title>off</title><script>document.title = 'on'</script>").await;
    stage.browser.visit(&site.at(SHOP)).await;
    let title: String = stage.browser.run("return document.title").await;
    assert_eq!(title, "off");

    let server = stage.serve(&[]).await;
    let before = stage.browser.page_at(&server.at(LOOPBACK)).await;
    stage.browser.submit("/name", &[("name", "Grace")]).await;
    assert_eq!(stage.browser.page().await.greeting, "Hello, Grace");
    stage
        .browser
        .submit("/flash", &[("message", "Saved!")])
        .await;
    let notice = stage.browser.page().await.notice;
    assert_eq!(notice.as_deref(), Some("Saved!"));
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let page = stage.browser.page().await;
    assert!(page.is_logged_in() && page.id != before.id, "{page:?}");
    stage.browser.submit("/logout", &[]).await;
    let page = stage.browser.page().await;
    assert!(!page.is_logged_in() && page.name.is_empty(), "{page:?}");
}

async fn nothing_is_wider_than_a_phone(stage: Stage) {
    let size = json!({ "width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true });
    let command = "Emulation.setDeviceMetricsOverride";
    stage.browser.devtools(command, size).await;
    let _server = stage.open().await;
    let long = "x".repeat(300);
    for (action, field) in [("/name", "name"), ("/login", "user"), ("/flash", "message")] {
        stage.browser.submit(action, &[(field, &long)]).await;
    }
    let widest = "return Math.max(...[...document.querySelectorAll('body *')]
        .map(element => element.getBoundingClientRect().right))";
    let widest: f64 = stage.browser.run(widest).await;
    assert!(widest <= 320.0, "something reaches {widest} of 320 pixels");
}

async fn while_the_store_does_not_answer_the_page_says_so_and_the_cookie_is_kept(stage: Stage) {
    // Its own: it is stopped.
    let redis = Arc::new(RedisServer::start());
    let store = Store::Redis(redis.clone());
    let stage = Stage { store, ..stage };
    let server = stage.open().await;
    stage.browser.submit("/login", &[("user", "Ada")]).await;
    let before = (stage.browser.page().await, stage.browser.cookie().await);
    redis.signal("STOP");
    stage.browser.visit(&server.at(LOOPBACK)).await;
    let page = stage.browser.page().await;
    let cookie = stage.browser.cookie().await;
    redis.signal("CONT");
    assert_eq!(
        (&*page.greeting, &*page.state),
        ("Hello, stranger", "not known")
    );
    let error = page.error.unwrap();
    assert!(error.starts_with("This visit was not counted: "), "{error}");
    assert_eq!(cookie.value, before.1.value);

    stage.browser.reload().await;
    let page = stage.browser.page().await;
    assert!(page.is_logged_in() && page.id == before.0.id, "{page:?}");
    assert_eq!(page.visits, before.0.visits + 1);
}
