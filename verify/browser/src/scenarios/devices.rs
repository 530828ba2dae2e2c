//! The page's list of the user's devices. Each scenario has its own Redis server, without other sessions of the user.

use std::sync::Arc;

use test_support::RedisServer;

use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_second_browser_is_listed_and_can_be_logged_out).redis_only(),
    scenario!(a_second_browser_is_listed_and_can_be_logged_out_with_the_memory_driver).redis_only(),
    scenario!(a_device_that_is_gone_cannot_be_logged_out_again).redis_only(),
    scenario!(sessions_in_the_cookie_are_not_listed).cookie_only(),
];

async fn a_second_browser_is_listed_and_can_be_logged_out(setup: Setup) {
    let redis = Arc::new(RedisServer::start());
    log_out_the_second(&setup.with_redis(&redis), "redis").await;
}

/// Needs no Redis, but belongs to the drivers on the server.
async fn a_second_browser_is_listed_and_can_be_logged_out_with_the_memory_driver(setup: Setup) {
    log_out_the_second(&setup, "memory").await;
}

async fn log_out_the_second(setup: &Setup, driver: &str) {
    let server = setup.serve(&[("SESSION_DRIVER", driver)]).await;
    let (url, first) = (server.at(LOOPBACK), &setup.browser);
    let second = setup.another_browser().await;
    first.log_in(&url, "Ada").await;
    assert_eq!(first.page().await.devices, [THIS]);
    second.log_in(&url, "ada").await;
    for browser in [first, &second] {
        browser.reload().await;
        let page = browser.page().await;
        assert_eq!(sorted(page.devices), [OTHER, THIS], "each sees itself");
    }

    let before = (second.page().await, second.cookie().await);
    first.follow(LOG_OUT).await;
    let page = first.page().await;
    assert!(page.is_logged_in() && page.notice.is_some(), "{page:?}");
    assert_eq!(page.devices, [THIS]);
    let page = second.page_at(&url).await;
    assert!(!page.is_logged_in() && page.id != before.0.id, "{page:?}");
    assert_eq!((&*page.greeting, page.visits), ("Hello, stranger", 1));
    second.restore(&before.1).await;
    assert!(!second.page_at(&url).await.is_logged_in());
}

/// The page is older than the other browser's logout.
async fn a_device_that_is_gone_cannot_be_logged_out_again(setup: Setup) {
    let redis = Arc::new(RedisServer::start());
    let setup = setup.with_redis(&redis);
    let server = setup.serve(&[]).await;
    let (url, first) = (server.at(LOOPBACK), &setup.browser);
    let second = setup.another_browser().await;
    second.log_in(&url, "Ada").await;
    first.log_in(&url, "Ada").await;
    second.submit("/logout", &[]).await;

    first.follow(LOG_OUT).await;
    let page = first.page().await;
    assert!(page.is_logged_in() && page.error.is_some(), "{page:?}");
    assert_eq!(page.devices, [THIS]);
}

/// The page says why.
async fn sessions_in_the_cookie_are_not_listed(setup: Setup) {
    let server = setup.serve(&[]).await;
    setup.browser.log_in(&server.at(LOOPBACK), "Ada").await;
    let page = setup.browser.page().await;
    assert!(page.is_logged_in() && page.devices.is_empty(), "{page:?}");
    let text: String = setup.browser.run("return document.body.innerText").await;
    assert!(text.contains("nobody can list it"), "{text}");
}

fn sorted(mut devices: Vec<String>) -> Vec<String> {
    devices.sort_unstable();
    devices
}

/// The button of the first other device.
const LOG_OUT: &str = ".devices button";
const OTHER: &str = "Chrome on Linux Log out";
const THIS: &str = "Chrome on Linux this device";
