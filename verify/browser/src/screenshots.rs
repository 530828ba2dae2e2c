//! What the page looks like.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use test_support::RedisServer;

use crate::browser::Browser;
use crate::stage::{Stage, Store};

/// Puts a picture of the page into `folder` for each of what there is to see.
pub(crate) async fn take(stage: &Stage, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let browser = &stage.browser;
    let name = |state: &str| {
        let (playground, store) = (stage.playground.name, &stage.store);
        folder.join(format!("{playground}-{store}-{state}"))
    };
    browser.forget().await;
    let _server = stage.open().await;
    shoot(browser, &name("first")).await;
    browser.submit("/name", &[("name", "Grace")]).await;
    browser.submit("/login", &[("user", "Ada")]).await;
    let message = "This message is shown once.";
    browser.submit("/flash", &[("message", message)]).await;
    shoot(browser, &name("flash")).await;
    crowd(browser).await;
    shoot(browser, &name("full")).await;
    if stage.store.is_redis() {
        // Its own: it is stopped.
        let redis = Arc::new(RedisServer::start());
        let store = Store::Redis(redis.clone());
        let own = Stage {
            store,
            ..stage.clone()
        };
        let _server = own.open().await;
        redis.signal("STOP");
        browser.reload().await;
        shoot(browser, &name("outage")).await;
    }
}

/// Asks for more than a cookie holds.
async fn crowd(browser: &Browser) {
    for name in ["Ada Lovelace ".repeat(10), "x".repeat(5000)] {
        browser.submit("/name", &[("name", &name)]).await;
    }
}

/// Takes the page of a screen and of a phone, light and dark, each from top to bottom.
async fn shoot(browser: &Browser, path: &Path) {
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
