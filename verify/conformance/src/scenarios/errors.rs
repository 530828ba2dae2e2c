//! Requests that fail: invalid bodies, sessions that are too large, and errors from the session.

use playground::api;
use serde_json::json;
use test_support::http::Answer;

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    missing_keys_are_404,
    invalid_json_is_400_and_changes_nothing,
    keep_requires_a_list_of_keys,
    invalid_delays_are_400,
    s17_an_oversized_session_is_413_and_stays_unchanged needs SIZE_LIMIT,
    s17_a_cookie_can_be_filled_to_its_limit needs SIZE_LIMIT,
    session_errors_hide_their_internals,
    an_unavailable_store_is_503_from_the_adapter needs STORE,
}

async fn missing_keys_are_404(fixture: Fixture) {
    let browser = fixture.browser().await;
    let expected = api::Failure::NotFound.json();
    for answer in [
        browser.get("/api/session/none").await,
        browser.post("/api/session/none/pull", "").await,
    ] {
        assert_eq!((answer.status, &answer.body), (404, &expected));
        assert!(answer.set_cookies().is_empty());
    }
}

async fn invalid_json_is_400_and_changes_nothing(fixture: Fixture) {
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
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    for body in bodies {
        let expected = api::value(body).unwrap_err().json();
        for answer in [
            browser.put("/api/session/a", body).await,
            browser.put("/api/flash/a", body).await,
            browser.put("/api/slow/a", body).await,
            browser.post("/api/fail/a", body).await,
            browser.post("/api/keep", body).await,
        ] {
            assert_eq!((answer.status, &answer.body), (400, &expected), "{body:?}");
            assert!(answer.set_cookies().is_empty());
        }
    }
    let session = browser.session().await;
    assert_eq!(session["data"], json!({ "a": 1 }));
    assert_eq!(session["flash"], json!({}));
}

async fn keep_requires_a_list_of_keys(fixture: Fixture) {
    let browser = fixture.browser().await;
    for body in [r#""a""#, "1", r#"{"a":1}"#, "[1]", "[null]"] {
        let answer = browser.post("/api/keep", body).await;
        let expected = api::keys(body.as_bytes()).unwrap_err().json();
        assert_eq!((answer.status, answer.body), (400, expected), "{body}");
    }
}

async fn invalid_delays_are_400(fixture: Fixture) {
    let browser = fixture.browser().await;
    for (ms, decoded) in [
        ("", ""),
        ("abc", "abc"),
        ("-1", "-1"),
        ("1.5", "1.5"),
        ("65536", "65536"),
        ("1e3", "1e3"),
        ("%20", " "),
    ] {
        let answer = browser.put(&format!("/api/slow/a?ms={ms}"), "1").await;
        let expected = api::wait(Some(decoded)).unwrap_err().json();
        assert_eq!((answer.status, answer.body), (400, expected), "{ms}");
    }
    for query in ["", "?", "?other=1", "?ms=0", "?ms=1"] {
        let answer = browser.put(&format!("/api/slow/a{query}"), "1").await;
        assert_eq!(answer.status, 204, "{query}");
    }
}

async fn s17_an_oversized_session_is_413_and_stays_unchanged(fixture: Fixture) {
    let browser = fixture.browser().await;
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
    assert_eq!(browser.put("/api/session/b", "2").await.status, 204);
    assert_eq!(browser.get("/api/session/b").await.body, "2");
}

/// Adds small values until one no longer fits. Each cookie on the way holds all values so far.
async fn s17_a_cookie_can_be_filled_to_its_limit(fixture: Fixture) {
    let browser = fixture.browser().await;
    let put = async |n: usize| {
        let path = format!("/api/session/k{n:03}");
        browser.put(&path, "\"0123456789\"").await
    };
    let mut kept = 0;
    let refused = loop {
        let answer = put(kept).await;
        if answer.status != 204 {
            break answer;
        }
        kept += 1;
        // The limit counts the name and the value, but not the equals sign.
        assert!(answer.cookie().len() - 1 <= 4096);
    };
    assert_too_large(&refused);
    assert!(kept > 100, "{kept}");
    let session = browser.session().await;
    assert_eq!(session["data"].as_object().unwrap().len(), kept);
    // Removing a value makes room again.
    assert_eq!(browser.delete("/api/session/k000").await.status, 204);
    assert_eq!(put(kept).await.status, 204);
}

/// The client learns no more than the sizes. What the handler wrote before the error is saved.
async fn session_errors_hide_their_internals(fixture: Fixture) {
    let browser = fixture.browser().await;
    let answer = browser.get("/lab/misuse").await;
    if fixture.is_server_side() {
        assert_eq!(answer.status, 500, "{answer}");
        assert_eq!(answer.body, "Internal Server Error");
    } else {
        assert_eq!(answer.status, 413, "{answer}");
        assert_eq!(sizes(&answer.body).len(), 2, "{answer}");
        assert!(!answer.body.contains("key"), "{answer}");
    }
    assert_eq!(answer.set_cookies().len(), 1);
    let saved = browser.get("/api/session/secret-key").await;
    assert_eq!(saved.body, r#""text""#);
}

async fn an_unavailable_store_is_503_from_the_adapter(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    fixture.probe.break_loads(true);
    let answer = browser.get("/lab/current").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    assert!(answer.set_cookies().is_empty());
    fixture.probe.break_loads(false);
    assert_eq!(browser.session().await["data"], json!({ "a": 1 }));
}

/// The error names the size and the limit.
#[track_caller]
fn assert_too_large(answer: &Answer) {
    assert_eq!(answer.status, 413);
    let error = answer.error();
    let sizes = sizes(&error);
    assert!(sizes.len() == 2 && sizes[0] > sizes[1], "{error}");
    assert_eq!(sizes[1], 4096, "{error}");
    assert!(answer.set_cookies().is_empty());
}

/// Returns the numbers in a message.
fn sizes(message: &str) -> Vec<usize> {
    let numbers = message.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}
