//! Requests of one session at the same time.

mod common;

use common::{Browser, cookie_app, memory_app, store_app, until};
use serde_json::json;

#[tokio::test]
async fn two_slow_requests_at_once_both_leave_their_key() {
    let browser = Browser::new(&memory_app().await);
    browser.put("/api/session/a", "1").await;
    let (b, c) = tokio::join!(
        browser.put("/api/slow/b?ms=100", "2"),
        browser.put("/api/slow/c?ms=100", "3"),
    );
    assert_eq!((b.status, c.status), (204, 204));
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1, "b": 2, "c": 3 }));
}

/// The browser holds the only copy, so the later cookie counts: the documentation says so.
#[tokio::test]
async fn with_the_cookie_driver_the_later_answer_counts() {
    let browser = Browser::new(&cookie_app().await);
    browser.put("/api/session/a", "1").await;
    let (slow, fast) = tokio::join!(
        browser.put("/api/slow/slow?ms=200", "1"),
        browser.put("/api/slow/fast?ms=0", "1"),
    );
    assert_eq!((slow.status, fast.status), (204, 204));
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1, "slow": 1 }));
}

/// security.md 8.
#[tokio::test]
async fn s08_a_slow_request_does_not_bring_a_session_back_that_was_logged_out() {
    for path in ["/logout", "/api/destroy"] {
        let (store, app) = store_app(|builder| builder).await;
        let browser = Browser::new(&app);
        browser.form("/login", &[("user", "Ada")]).await;
        let id = browser.id().await;
        let loads = store.loads();
        let other_tab = browser.clone();
        let slow = tokio::spawn(async move { other_tab.put("/api/slow/late?ms=300", "1").await });
        until(|| store.loads() > loads).await;
        browser.post(path, "").await;
        let slow = slow.await.expect("no panic");
        assert_eq!(slow.status, 204, "the response stands");
        assert!(slow.set_cookies().is_empty(), "{path}");
        let session = browser.session().await;
        assert_ne!(session["id"], *id);
        assert_eq!(session["data"], json!({}), "{path}");
        assert!(store.memory.len() <= 2, "the old record is gone");
    }
}

/// security.md 8: neither under the old id, nor does the late answer take the new cookie away.
#[tokio::test]
async fn s08_a_slow_request_does_not_undo_a_login() {
    let (store, app) = store_app(|builder| builder).await;
    let browser = Browser::new(&app);
    browser.put("/api/session/cart", "[1]").await;
    let loads = store.loads();
    let other_tab = browser.clone();
    let slow = tokio::spawn(async move { other_tab.put("/api/slow/late?ms=300", "1").await });
    until(|| store.loads() > loads).await;
    browser.form("/login", &[("user", "Ada")]).await;
    let slow = slow.await.expect("no panic");
    assert_eq!(slow.status, 204);
    assert!(slow.set_cookies().is_empty());
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "cart": [1], "user": "Ada" }));
    assert_eq!(store.memory.len(), 1);
}

/// The page's counter is an `update`, which is run again on what others stored meanwhile.
#[tokio::test]
async fn twenty_visits_at_once_are_all_counted() {
    let browser = Browser::new(&memory_app().await);
    browser.page().await;
    let visits = (0..20).map(|_| {
        let browser = browser.clone();
        tokio::spawn(async move { browser.page().await })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.expect("no panic");
    }
    assert_eq!(browser.session().await["data"], json!({ "visits": 21 }));
}
