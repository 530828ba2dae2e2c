//! Flash through real requests: once, kept, and carried along.

mod common;

use common::{Browser, apps};
use serde_json::json;

#[tokio::test]
async fn flash_is_readable_on_the_next_request_only() {
    for app in apps().await {
        let browser = Browser::new(&app);
        assert_eq!(browser.put("/api/flash/a", "1").await.status, 204);
        assert_eq!(browser.session().await["flash"], json!({ "a": 1 }));
        assert_eq!(browser.session().await["flash"], json!({}));
    }
}

/// Every request through the layer ages it, read or not, whatever the answer.
#[tokio::test]
async fn flash_goes_unread_as_well() {
    for app in apps().await {
        let browser = Browser::new(&app);
        // The layer is around the router's own 404 as well.
        for path in ["/api/untouched", "/api/session/none", "/", "/nothing"] {
            browser.put("/api/flash/a", "1").await;
            browser.get(path).await;
            assert_eq!(browser.session().await["flash"], json!({}), "{path}");
        }
    }
}

#[tokio::test]
async fn reflash_carries_all_of_it_and_keep_what_is_named() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.put("/api/flash/a", "1").await;
        assert_eq!(browser.post("/api/reflash", "").await.status, 204);
        assert_eq!(browser.post("/api/reflash", "").await.status, 204);
        assert_eq!(browser.session().await["flash"], json!({ "a": 1 }));

        browser.put("/api/flash/a", "1").await;
        assert_eq!(browser.post("/api/keep", r#"["b"]"#).await.status, 204);
        assert_eq!(browser.session().await["flash"], json!({}));

        browser.put("/api/flash/a", "1").await;
        let kept = browser.post("/api/keep", r#"["b","a","a"]"#).await;
        assert_eq!(kept.status, 204);
        assert_eq!(browser.session().await["flash"], json!({ "a": 1 }));
        assert_eq!(browser.session().await["flash"], json!({}));
    }
}

#[tokio::test]
async fn flash_and_data_of_one_name_are_apart() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.put("/api/session/a", "1").await;
        browser.put("/api/flash/a", "2").await;
        let session = browser.session().await;
        assert_eq!(
            (&session["data"]["a"], &session["flash"]["a"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(browser.get("/api/session/a").await.body, "1");
    }
}

#[tokio::test]
async fn flash_survives_a_regenerate_and_not_a_destroy() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.form("/login", &[("user", "Ada")]).await;
        let flash = &browser.session().await["flash"];
        assert!(flash["notice"].as_str().is_some(), "{flash}");
        browser.put("/api/flash/a", "1").await;
        browser.post("/api/destroy", "").await;
        assert_eq!(browser.session().await["flash"], json!({}));
    }
}
