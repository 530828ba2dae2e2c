//! Flash through real requests: once, kept, and carried along.

use serde_json::json;

use crate::scenario::{Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(is_readable_on_the_next_request_only),
    scenario!(goes_unread_as_well),
    scenario!(crosses_a_redirect),
    scenario!(is_carried_on_by_reflash_and_keep),
    scenario!(is_apart_from_data_of_its_name),
    scenario!(survives_a_regenerate_and_not_a_destroy),
];

async fn is_readable_on_the_next_request_only(stage: Stage) {
    let browser = stage.browser().await;
    assert_eq!(browser.put("/api/flash/a", "1").await.status, 204);
    assert_eq!(browser.session().await["flash"], json!({ "a": 1 }));
    assert_eq!(browser.session().await["flash"], json!({}));
}

/// Every request through the middleware ages it, read or not, whatever the answer.
async fn goes_unread_as_well(stage: Stage) {
    let browser = stage.browser().await;
    // The middleware is around the framework's own 404 as well.
    for path in ["/api/untouched", "/api/session/none", "/", "/nothing"] {
        browser.put("/api/flash/a", "1").await;
        browser.get(path).await;
        assert_eq!(browser.session().await["flash"], json!({}), "{path}");
    }
}

/// The answer to the form sets it, the page after the redirect shows it, and the next one does not.
async fn crosses_a_redirect(stage: Stage) {
    let browser = stage.browser().await;
    let form = browser.form("/flash", &[("message", "hello")]).await;
    assert_eq!((form.status, form.header("location")), (303, "/"));
    assert!(!form.body.contains("hello"));
    assert!(
        browser
            .get(form.header("location"))
            .await
            .body
            .contains("hello")
    );
    assert!(!browser.page().await.contains("hello"));
}

async fn is_carried_on_by_reflash_and_keep(stage: Stage) {
    let browser = stage.browser().await;
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

async fn is_apart_from_data_of_its_name(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/a", "2").await;
    let session = browser.session().await;
    assert_eq!(session["data"]["a"], 1);
    assert_eq!(session["flash"]["a"], 2);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn survives_a_regenerate_and_not_a_destroy(stage: Stage) {
    let browser = stage.browser().await;
    browser.form("/login", &[("user", "Ada")]).await;
    let flash = &browser.session().await["flash"];
    assert!(flash["notice"].as_str().is_some(), "{flash}");
    browser.put("/api/flash/a", "1").await;
    browser.post("/api/destroy", "").await;
    assert_eq!(browser.session().await["flash"], json!({}));
}
