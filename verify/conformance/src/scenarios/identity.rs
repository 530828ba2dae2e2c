//! Login and logout: new ids, and sessions that end.

use std::time::Duration;

use serde_json::json;

use crate::fixture::Fixture;
use crate::scenario::scenarios;
use crate::scenarios::DEVICE;

scenarios! {
    s06_login_changes_the_id_and_keeps_the_data,
    s06_the_old_cookie_is_worthless_after_a_login needs REVOCATION,
    s07_logout_ends_the_session,
    s07_the_old_cookie_is_worthless_after_a_logout needs REVOCATION,
    a_copied_cookie_outlives_the_logout needs NO_REVOCATION,
}

async fn s06_login_changes_the_id_and_keeps_the_data(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    for path in ["/login", "/api/regenerate"] {
        let (id, cookie) = (browser.id().await, browser.cookie("/"));
        let answer = browser.form(path, &[("name", "Ada")]).await;
        assert_eq!(Some(answer.cookie()), browser.cookie("/"));
        assert_ne!(browser.cookie("/"), cookie);
        let session = browser.session().await;
        assert_ne!(session["id"], *id);
        assert_eq!(
            session["data"],
            json!({ "a": 1, "device": DEVICE, "user": "ada" })
        );
    }
}

async fn s06_the_old_cookie_is_worthless_after_a_login(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.grace(Duration::ZERO))
        .await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    for path in ["/login", "/api/regenerate"] {
        let old = browser.cookie("/").unwrap();
        browser.form(path, &[("name", "Ada")]).await;
        assert_eq!(fixture.backend.record_count(), 1);
        let replayed = browser.with_cookie("/api/session/a", &old).await;
        assert_eq!(replayed.status, 404);
    }
}

/// The logout form flashes a notice, which starts a new session.
async fn s07_logout_ends_the_session(fixture: Fixture) {
    for (path, is_new) in [("/logout", false), ("/api/destroy", true)] {
        let browser = fixture.browser().await;
        browser.form("/login", &[("name", "Ada")]).await;
        let id = browser.id().await;
        let answer = browser.form(path, &[]).await;
        if is_new {
            let removal = "session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
            assert_eq!(answer.set_cookies(), [removal]);
            assert_eq!(browser.cookie("/"), None);
        }
        let session = browser.session().await;
        assert_eq!(session["new"], is_new);
        assert_ne!(session["id"], *id);
        assert_eq!(session["data"], json!({}));
        assert_eq!(session["flash"]["notice"].is_string(), !is_new);
    }
}

async fn s07_the_old_cookie_is_worthless_after_a_logout(fixture: Fixture) {
    // The notice of the logout form is in a new session.
    for (path, records) in [("/api/destroy", 0), ("/logout", 1)] {
        let server = fixture.serve().await;
        let (browser, thief) = (server.browser(), server.browser());
        let stolen = browser.form("/login", &[("name", "Ada")]).await.cookie();
        let before = thief.with_cookie("/api/session/user", &stolen).await;
        assert_eq!(before.body, r#""ada""#);
        browser.form(path, &[]).await;
        assert_eq!(fixture.backend.record_count(), records);
        let after = thief.with_cookie("/api/session/user", &stolen).await;
        assert_eq!(after.status, 404);
    }
}

/// A documented limit of the cookie driver.
async fn a_copied_cookie_outlives_the_logout(fixture: Fixture) {
    let browser = fixture.browser().await;
    let copy = browser.form("/login", &[("name", "Ada")]).await.cookie();
    browser.form("/logout", &[]).await;
    let replayed = browser.with_cookie("/api/session/user", &copy).await;
    assert_eq!(replayed.body, r#""ada""#);
}
