//! Logging in and out: new ids, and sessions that end.

use serde_json::json;

use session_core::DriverName;

use crate::scenario::{NO_STORE, NOT_REVOCABLE, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s06_regenerate_changes_the_id_and_keeps_the_data),
    scenario!(s06_after_a_regenerate_the_old_cookie_is_worth_nothing).except(NOT_REVOCABLE),
    scenario!(s06_a_login_changes_the_id_and_keeps_the_data),
    scenario!(s07_destroy_ends_the_session_in_the_browser),
    scenario!(s07_after_a_destroy_the_old_cookie_is_worth_nothing).except(NOT_REVOCABLE),
    scenario!(s07_a_logout_starts_anew_under_another_id),
    scenario!(s07_after_a_logout_the_old_cookie_is_worth_nothing).except(NOT_REVOCABLE),
    scenario!(with_the_cookie_driver_a_copy_outlives_the_logout).except(REVOCABLE),
    scenario!(s07_a_logout_leaves_one_record_of_the_new_session).except(NO_STORE),
];

async fn s06_regenerate_changes_the_id_and_keeps_the_data(stage: Stage) {
    let browser = stage.browser().await;
    let old = browser.put("/api/session/a", "1").await.cookie();
    let id = browser.id().await;
    let answer = browser.post("/api/regenerate", "").await;
    assert_eq!(answer.status, 204);
    assert_ne!(answer.cookie(), old);
    let session = browser.session().await;
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({ "a": 1 }));
}

async fn s06_after_a_regenerate_the_old_cookie_is_worth_nothing(stage: Stage) {
    let browser = stage.browser().await;
    let old = browser.put("/api/session/a", "1").await.cookie();
    browser.post("/api/regenerate", "").await;
    assert_eq!(stage.store.len(), 1);
    let replayed = browser.with_cookie("/api/session", &old).await.json();
    assert_eq!(replayed["new"], true);
    assert_eq!(replayed["data"], json!({}));
}

async fn s06_a_login_changes_the_id_and_keeps_the_data(stage: Stage) {
    let browser = stage.browser().await;
    browser.form("/name", &[("name", "Ada")]).await;
    let id = browser.id().await;
    browser.form("/login", &[("user", "Grace")]).await;
    let session = browser.session().await;
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({ "name": "Ada", "user": "Grace" }));
}

async fn s07_destroy_ends_the_session_in_the_browser(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let id = browser.id().await;
    let answer = browser.post("/api/destroy", "").await;
    assert_eq!(answer.status, 204);
    let removal = "session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(answer.set_cookies(), [removal]);
    assert_eq!(browser.cookie("/"), None);
    let session = browser.session().await;
    assert_eq!(session["new"], true);
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({}));
}

async fn s07_after_a_destroy_the_old_cookie_is_worth_nothing(stage: Stage) {
    let browser = stage.browser().await;
    let old = browser.put("/api/session/a", "1").await.cookie();
    browser.post("/api/destroy", "").await;
    assert_eq!(stage.store.len(), 0);
    let replayed = browser.with_cookie("/api/session", &old).await.json();
    assert_eq!(replayed["new"], true);
    assert_eq!(replayed["data"], json!({}));
}

async fn s07_a_logout_starts_anew_under_another_id(stage: Stage) {
    let browser = stage.browser().await;
    browser.form("/login", &[("user", "Ada")]).await;
    browser.put("/api/session/cart", "[1]").await;
    let id = browser.id().await;
    browser.form("/logout", &[]).await;
    let session = browser.session().await;
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({}));
    let page = browser.page().await;
    assert!(page.contains("Hello, stranger") && page.contains("(not logged in)"));
}

/// For whoever copied the cookie as well.
async fn s07_after_a_logout_the_old_cookie_is_worth_nothing(stage: Stage) {
    let site = stage.serve().await;
    let (browser, thief) = (site.browser(), site.browser());
    let stolen = browser.form("/login", &[("user", "Ada")]).await.cookie();
    let before = thief.with_cookie("/api/session/user", &stolen).await;
    assert_eq!(before.body, r#""Ada""#);
    browser.form("/logout", &[]).await;
    let after = thief.with_cookie("/api/session/user", &stolen).await;
    assert_eq!(after.status, 404);
}

/// The documentation says so.
async fn with_the_cookie_driver_a_copy_outlives_the_logout(stage: Stage) {
    let browser = stage.browser().await;
    let copy = browser.form("/login", &[("user", "Ada")]).await.cookie();
    browser.form("/logout", &[]).await;
    let replayed = browser.with_cookie("/api/session/user", &copy).await;
    assert_eq!(replayed.body, r#""Ada""#);
}

async fn s07_a_logout_leaves_one_record_of_the_new_session(stage: Stage) {
    let browser = stage.browser().await;
    browser.form("/login", &[("user", "Ada")]).await;
    browser.form("/logout", &[]).await;
    assert_eq!(stage.store.len(), 1);
    let session = browser.session().await;
    assert_eq!(session["new"], false);
    assert!(session["flash"]["notice"].is_string());
}

const REVOCABLE: &[(DriverName, &str)] = &[
    (DriverName::Memory, "a copy of the cookie is revoked"),
    (DriverName::Redis, "a copy of the cookie is revoked"),
];
