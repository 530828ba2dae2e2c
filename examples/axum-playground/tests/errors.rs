//! Failures: bodies that are not JSON, sessions that are too large, stores that are down.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, Browser, apps, cookie_app, store_app};
use serde_json::json;
use session_axum::{OnOutage, OnSaveFailure};

#[tokio::test]
async fn a_key_that_is_not_there_is_404() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for answer in [
            browser.get("/api/session/none").await,
            browser.post("/api/session/none/pull", "").await,
        ] {
            assert_eq!(answer.status, 404);
            assert_eq!(answer.error(), "there is no such key");
            assert!(answer.set_cookies().is_empty());
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400_and_changes_nothing() {
    let bodies: [&[u8]; 9] = [
        b"",
        b" ",
        b"nope",
        b"{\"a\":1",
        b"1 2",
        b"'a'",
        b"NaN",
        b"\"\xff\"",
        b"\xef\xbb\xbf1",
    ];
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.put("/api/session/a", "1").await;
        for body in bodies {
            for answer in [
                browser.put("/api/session/a", body).await,
                browser.put("/api/flash/a", body).await,
                browser.put("/api/slow/a", body).await,
                browser.post("/api/fail/a", body).await,
                browser.post("/api/keep", body).await,
            ] {
                assert_eq!(answer.status, 400, "{body:?}");
                let error = answer.error();
                assert!(error.starts_with("the body is not JSON: "), "{error}");
                assert!(answer.set_cookies().is_empty());
            }
        }
        let session = browser.session().await;
        assert_eq!(session["data"], json!({ "a": 1 }));
        assert_eq!(session["flash"], json!({}));
    }
}

#[tokio::test]
async fn a_list_of_keys_that_is_none_is_400() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for body in [r#""a""#, "1", r#"{"a":1}"#, "[1]", "[null]"] {
            let answer = browser.post("/api/keep", body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(answer.error(), "the body is no list of keys");
        }
    }
}

#[tokio::test]
async fn milliseconds_that_are_none_are_400() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for ms in ["", "abc", "-1", "1.5", "65536", "1e3", "%20"] {
            let answer = browser.put(&format!("/api/slow/a?ms={ms}"), "1").await;
            assert_eq!(answer.status, 400, "{ms}");
            assert_eq!(answer.error(), "ms is no number up to 65535");
        }
        for query in ["", "?", "?other=1", "?ms=0", "?ms=1"] {
            let answer = browser.put(&format!("/api/slow/a{query}"), "1").await;
            assert_eq!(answer.status, 204, "{query}");
        }
    }
}

fn assert_too_large(answer: &Answer) {
    assert_eq!(answer.status, 413);
    let error = answer.error();
    let size = error
        .strip_prefix("the session would take ")
        .and_then(|rest| rest.strip_suffix(" bytes, the limit is 4096"));
    assert!(size.unwrap().parse::<usize>().unwrap() > 4096, "{error}");
    assert!(answer.set_cookies().is_empty());
}

/// security.md 17.
#[tokio::test]
async fn s17_a_session_too_large_for_its_cookie_is_413_and_stays_as_it_was() {
    let browser = Browser::new(&cookie_app().await);
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let large = format!("\"{}\"", "x".repeat(5000));
    assert_too_large(&browser.put("/api/session/b", &*large).await);
    assert_too_large(&browser.put("/api/session/a", &*large).await);
    assert_too_large(&browser.put("/api/flash/a", &*large).await);
    assert_too_large(&browser.post("/api/fail/a", &*large).await);
    assert_too_large(&browser.put("/api/slow/a?ms=1", &*large).await);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1 }));
    assert_eq!(session["flash"], json!({}));
    let kept = browser.with_cookie("/api/session/a", &cookie).await;
    assert_eq!(kept.body, "1");
}

/// security.md 17: as many small values as fit, and not one more. What was sent was always whole.
#[tokio::test]
async fn s17_a_cookie_fills_up_to_its_limit() {
    let browser = Browser::new(&cookie_app().await);
    let mut kept = 0;
    let refused = loop {
        let answer = browser
            .put(&format!("/api/session/k{kept:03}"), "\"0123456789\"")
            .await;
        if answer.status != 204 {
            break answer;
        }
        kept += 1;
        assert!(answer.cookie().len() - 1 <= 4096);
    };
    assert_too_large(&refused);
    assert!(kept > 100, "{kept}");
    let session = browser.session().await;
    assert_eq!(session["data"].as_object().unwrap().len(), kept);
    // There is room again once something is gone.
    assert_eq!(browser.delete("/api/session/k000").await.status, 204);
    let path = format!("/api/session/k{kept:03}");
    assert_eq!(browser.put(&path, "\"0123456789\"").await.status, 204);
}

#[tokio::test]
async fn a_handler_that_fails_has_its_session_saved() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let answer = browser.post("/api/fail/a", "1").await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.error(), "the handler failed, as asked");
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!(browser.get("/api/session/a").await.body, "1");
    }
}

#[tokio::test]
async fn with_the_store_down_reads_are_empty_and_writes_are_503() {
    let (store, app) = store_app(|builder| builder).await;
    let browser = Browser::new(&app);
    browser.put("/api/session/a", "1").await;
    store.break_loads(true);
    for answer in [
        browser.get("/api/session").await,
        browser.put("/api/session/a", "2").await,
        browser.delete("/api/session/a").await,
        browser.delete("/api/session").await,
        browser.post("/api/session/a/pull", "").await,
        browser.put("/api/flash/a", "1").await,
        browser.post("/api/reflash", "").await,
        browser.post("/api/keep", "[]").await,
        browser.post("/api/regenerate", "").await,
        browser.post("/api/destroy", "").await,
        browser.post("/api/fail/a", "2").await,
        browser.put("/api/slow/a", "2").await,
    ] {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.error(), "the session store is unavailable");
        assert!(answer.set_cookies().is_empty());
    }
    for (path, status) in [("/", 503), ("/api/session/a", 404), ("/api/untouched", 200)] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.set_cookies().is_empty());
    }
    for path in ["/name", "/flash", "/login", "/logout"] {
        let answer = browser.form(path, &[("name", "x"), ("message", "x")]).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.body, "Service Unavailable");
    }
    store.break_loads(false);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
}

#[tokio::test]
async fn with_the_store_down_every_request_may_be_refused() {
    let (store, app) = store_app(|builder| builder.on_outage(OnOutage::Refuse)).await;
    let browser = Browser::new(&app);
    browser.put("/api/session/a", "1").await;
    store.break_loads(true);
    for path in ["/", "/api/session", "/api/session/a", "/api/untouched"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, &*answer.body), (503, ""), "{path}");
        assert!(answer.set_cookies().is_empty());
    }
    store.break_loads(false);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

#[tokio::test]
async fn a_save_that_fails_leaves_the_answer_and_the_cookie() {
    let (store, app) = store_app(|builder| builder).await;
    let browser = Browser::new(&app);
    browser.put("/api/session/a", "1").await;
    store.break_saves(true);
    for answer in [
        browser.put("/api/session/a", "2").await,
        browser.post("/api/destroy", "").await,
        Browser::new(&app).put("/api/session/a", "2").await,
    ] {
        assert_eq!(answer.status, 204);
        assert!(answer.set_cookies().is_empty());
    }
    store.break_saves(false);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

#[tokio::test]
async fn a_save_that_fails_may_make_the_answer_a_503() {
    let (store, app) = store_app(|builder| builder.on_save_failure(OnSaveFailure::Refuse)).await;
    let browser = Browser::new(&app);
    browser.put("/api/session/a", "1").await;
    store.break_saves(true);
    let answer = browser.put("/api/session/a", "2").await;
    assert_eq!(answer.status, 503);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}
