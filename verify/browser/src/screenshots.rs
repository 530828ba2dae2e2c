//! Screenshots of the page.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use test_support::RedisServer;

use crate::browser::Browser;
use crate::setup::{LOOPBACK, Server, Setup, Store};

/// Saves screenshots of the page in each of its states.
pub(crate) async fn take(setup: &Setup, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let browser = &setup.browser;
    let name = |state: &str| {
        let (playground, store) = (setup.playground.name, &setup.store);
        folder.join(format!("{playground}-{store}-{state}"))
    };
    // It holds no other sessions of the user, and will be stopped.
    let redis = Arc::new(RedisServer::start());
    let setup = match setup.store {
        Store::Cookie => setup.clone(),
        Store::Redis(_) => setup.clone().with_redis(&redis),
    };
    browser.reset().await;
    let server = setup.open().await;
    capture(browser, &name("first")).await;
    browser.submit("/name", &[("name", "Grace")]).await;
    let message = "This message is shown once.";
    browser.submit("/flash", &[("message", message)]).await;
    capture(browser, &name("flash")).await;
    log_in_elsewhere(&setup, &server).await;
    browser.tick(r#"input[name="remember"]"#).await;
    browser.submit("/login", &[("name", "Ada")]).await;
    capture(browser, &name("login")).await;
    overfill(browser).await;
    capture(browser, &name("full")).await;
    if setup.store.is_redis() {
        redis.signal("STOP");
        browser.reload().await;
        capture(browser, &name("outage")).await;
    }
}

/// Logs in with another browser.
async fn log_in_elsewhere(setup: &Setup, server: &Server) {
    let other = setup.another_browser().await;
    other.log_in(&server.at(LOOPBACK), "Ada").await;
}

/// Puts more into the session than fits into a cookie.
async fn overfill(browser: &Browser) {
    for name in ["Ada Lovelace ".repeat(10), "x".repeat(5000)] {
        browser.submit("/name", &[("name", &name)]).await;
    }
}

/// Saves the whole page for desktop and phone, light and dark.
async fn capture(browser: &Browser, path: &Path) {
    for (device, width) in [("desktop", 1000), ("phone", 390)] {
        for scheme in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
            let media = json!({ "features": [feature] });
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            resize(browser, width, 100).await;
            let whole = "return document.documentElement.scrollHeight";
            resize(browser, width, browser.run(whole).await).await;
            let path = format!("{}-{device}-{scheme}.png", path.display());
            browser.screenshot(Path::new(&path)).await;
        }
    }
}

async fn resize(browser: &Browser, width: u32, height: u32) {
    let is_phone = width < 600;
    let size =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
    let command = "Emulation.setDeviceMetricsOverride";
    browser.devtools(command, size).await;
}
