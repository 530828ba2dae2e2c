//! Flash data.

use serde_json::json;

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    flash_is_readable_on_the_next_request_only,
    flash_expires_unread,
    flash_survives_a_redirect,
    reflash_and_keep_extend_flash,
    flash_and_data_have_separate_keys,
    flash_survives_regenerate_but_not_destroy,
}

async fn flash_is_readable_on_the_next_request_only(fixture: Fixture) {
    let browser = fixture.browser().await;
    assert_eq!(browser.put("/api/flash/a", "1").await.status, 204);
    assert_eq!(browser.session().await["flash"], json!({ "a": 1 }));
    // From here on nothing changes, so nothing is saved.
    let writes = fixture.probe.writes();
    let answer = browser.get("/api/session").await;
    assert_eq!(answer.json()["flash"], json!({}));
    assert!(answer.set_cookies().is_empty(), "{answer}");
    assert_eq!(fixture.probe.writes(), writes);
}

/// Every request through the middleware ages flash, read or unread, and for any status.
async fn flash_expires_unread(fixture: Fixture) {
    let browser = fixture.browser().await;
    for path in ["/api/untouched", "/api/session/none", "/", "/nothing"] {
        browser.put("/api/flash/a", "1").await;
        browser.get(path).await;
        assert_eq!(browser.session().await["flash"], json!({}), "{path}");
    }
}

async fn flash_survives_a_redirect(fixture: Fixture) {
    let browser = fixture.browser().await;
    let form = browser.form("/flash", &[("message", "hello")]).await;
    assert_eq!((form.status, form.header("location")), (303, "/"));
    assert!(!form.body.contains("hello"));
    assert!(browser.page().await.contains("hello"));
    assert!(!browser.page().await.contains("hello"));
}

async fn reflash_and_keep_extend_flash(fixture: Fixture) {
    let browser = fixture.browser().await;
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

async fn flash_and_data_have_separate_keys(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/a", "2").await;
    let session = browser.session().await;
    assert_eq!(session["data"]["a"], 1);
    assert_eq!(session["flash"]["a"], 2);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

/// The login regenerates the session and flashes a notice.
async fn flash_survives_regenerate_but_not_destroy(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.form("/login", &[("name", "Ada")]).await;
    let flash = &browser.session().await["flash"];
    assert!(flash["notice"].is_string(), "{flash}");
    browser.put("/api/flash/a", "1").await;
    browser.post("/api/destroy", "").await;
    assert_eq!(browser.session().await["flash"], json!({}));
}
