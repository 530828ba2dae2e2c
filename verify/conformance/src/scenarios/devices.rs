//! A user's devices: their sessions, listed and ended from any of them.

use serde_json::{Value, json};
use test_support::http::Browser;

use crate::fixture::{Fixture, PlaygroundServer};
use crate::scenario::scenarios;

scenarios! {
    s37_a_user_lists_and_ends_other_devices needs REVOCATION,
    a_device_is_named_by_a_key_that_is_not_its_id needs REVOCATION,
    a_user_reaches_no_sessions_of_others needs REVOCATION,
    ending_the_current_device_is_a_logout needs REVOCATION,
    devices_that_work_meanwhile_are_logged_out_for_good needs REVOCATION,
    the_page_lists_and_ends_devices needs REVOCATION,
    sessions_in_cookies_cannot_be_listed needs NO_REVOCATION,
    a_value_that_is_no_owner_is_refused,
}

async fn log_in(server: &PlaygroundServer, name: &str) -> Browser {
    let browser = server.browser();
    assert_eq!(browser.form("/login", &[("name", name)]).await.status, 303);
    browser
}

async fn devices(browser: &Browser) -> Vec<Value> {
    let listed = browser.get("/api/sessions").await;
    assert_eq!(listed.status, 200, "{listed}");
    listed.json().as_array().unwrap().clone()
}

/// Returns the key of a device that is not the browser's own.
async fn other_key(browser: &Browser) -> String {
    let devices = devices(browser).await;
    let other = devices.iter().find(|device| device["current"] == false);
    other.unwrap()["key"].as_str().unwrap().to_owned()
}

async fn is_logged_in(browser: &Browser) -> bool {
    browser.get("/api/session/user").await.status == 200
}

async fn s37_a_user_lists_and_ends_other_devices(fixture: Fixture) {
    let server = fixture.serve().await;
    let (first, second) = (log_in(&server, "Ada").await, log_in(&server, "ADA").await);
    let third = log_in(&server, "ada").await;
    let listed = devices(&first).await;
    let current: Vec<_> = listed.iter().map(|device| &device["current"]).collect();
    assert_eq!(
        (
            listed.len(),
            current.iter().filter(|is| **is == true).count()
        ),
        (3, 1)
    );
    let device = &listed[0];
    let millis = |field: &str| device[field].as_u64().unwrap();
    assert_eq!(millis("created_at"), millis("saved_at"));
    assert_eq!(millis("expires_at") - millis("saved_at"), 120 * 60 * 1_000);
    assert_eq!(device["device"], super::DEVICE);

    let path = format!("/api/sessions/{}", other_key(&first).await);
    let ended = first.delete(&path).await;
    assert_eq!((ended.status, ended.set_cookies().len()), (204, 0));
    assert_eq!(first.delete(&path).await.status, 404, "it is gone");
    let left = [is_logged_in(&second).await, is_logged_in(&third).await];
    assert_eq!(left.iter().filter(|is| **is).count(), 1);

    assert_eq!(first.delete("/api/sessions/others").await.status, 204);
    assert_eq!(devices(&first).await.len(), 1);
    for other in [&second, &third] {
        assert!(!is_logged_in(other).await);
    }
    assert!(is_logged_in(&first).await);
}

async fn a_device_is_named_by_a_key_that_is_not_its_id(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = log_in(&server, "Ada").await;
    let id = browser.id().await;
    let listed = browser.get("/api/sessions").await;
    assert!(!listed.body.contains(&*id), "{listed}");
    let answer = browser.delete(&format!("/api/sessions/{id}")).await;
    assert_eq!(answer.status, 404);
    assert!(is_logged_in(&browser).await);
}

async fn a_user_reaches_no_sessions_of_others(fixture: Fixture) {
    let server = fixture.serve().await;
    let (ada, bob) = (log_in(&server, "Ada").await, log_in(&server, "Bob").await);
    let key = devices(&bob).await[0]["key"].as_str().unwrap().to_owned();
    let foreign = ada.delete(&format!("/api/sessions/{key}")).await;
    let unknown = ada.delete("/api/sessions/unknown").await;
    assert_eq!((foreign.status, &foreign.body), (404, &unknown.body));
    assert_eq!(ada.delete("/api/sessions/others").await.status, 204);
    assert!(is_logged_in(&bob).await);

    let guest = server.browser();
    for path in ["/api/sessions/others", &format!("/api/sessions/{key}")] {
        assert_eq!(guest.delete(path).await.status, 401, "{path}");
    }
    let listed = guest.get("/api/sessions").await;
    assert_eq!((listed.status, listed.set_cookies().len()), (401, 0));
    assert_eq!(listed.json(), json!({ "error": "nobody is logged in" }));
}

async fn ending_the_current_device_is_a_logout(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = log_in(&server, "Ada").await;
    let key = devices(&browser).await[0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let ended = browser.delete(&format!("/api/sessions/{key}")).await;
    assert_eq!(ended.status, 204);
    assert!(ended.set_cookies()[0].contains("Max-Age=0"), "{ended}");
    assert!(!is_logged_in(&browser).await);
}

/// Their requests that are under way are dropped, whatever they do.
async fn devices_that_work_meanwhile_are_logged_out_for_good(fixture: Fixture) {
    let server = fixture.serve().await;
    let (first, second) = (log_in(&server, "Ada").await, log_in(&server, "Ada").await);
    let busy = async {
        let slow = second.put("/api/slow/a?ms=300", "1").await;
        assert_eq!(slow.status, 204);
    };
    let end = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert_eq!(first.delete("/api/sessions/others").await.status, 204);
    };
    tokio::join!(busy, end);
    assert!(!is_logged_in(&second).await);
    assert_eq!(devices(&first).await.len(), 1);
}

async fn the_page_lists_and_ends_devices(fixture: Fixture) {
    let server = fixture.serve().await;
    assert!(!server.browser().page().await.contains("Your devices"));
    let (first, second) = (log_in(&server, "Ada").await, log_in(&server, "Ada").await);
    first.page().await;
    let page = first.page().await;
    assert_eq!(page.matches("<li>").count(), 2);
    let key = other_key(&first).await;
    assert!(page.contains(&format!(r#"value="{key}""#)), "{page}");
    let ended = first.form("/devices", &[("key", &key)]).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/"));
    assert!(first.page().await.contains("That device is logged out."));
    assert!(!is_logged_in(&second).await);

    let third = log_in(&server, "Ada").await;
    first.form("/devices", &[("key", "others")]).await;
    assert!(
        first
            .page()
            .await
            .contains("Your other devices are logged out.")
    );
    assert!(!is_logged_in(&third).await && is_logged_in(&first).await);

    first.form("/devices", &[("key", "unknown")]).await;
    assert!(
        first
            .page()
            .await
            .contains("Nothing was ended: there is no such session.")
    );
}

async fn a_value_that_is_no_owner_is_refused(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.form("/login", &[("name", "Ada")]).await;
    for value in [r#"{"id":1}"#, "[1]", "true"] {
        let refused = browser.put("/api/session/user", value).await;
        assert_eq!(refused.status, 400, "{value}");
        assert_eq!(
            refused.json(),
            json!({ "error": "the value of \"user\" must be a string or a number: it is the session's owner" })
        );
    }
    assert_eq!(browser.get("/api/session/user").await.body, r#""ada""#);
    assert_eq!(browser.put("/api/session/user", "null").await.status, 204);
}

async fn sessions_in_cookies_cannot_be_listed(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = log_in(&server, "Ada").await;
    assert_eq!(browser.get("/api/sessions").await.status, 501);
    assert_eq!(browser.delete("/api/sessions/others").await.status, 501);
    browser.page().await;
    assert!(browser.page().await.contains("nobody can list it"));
}
