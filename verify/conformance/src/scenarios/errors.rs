//! Requests that cannot be served: bodies that are not JSON, sessions that are too large.

use serde_json::json;
use test_support::http::Answer;

use crate::scenario::{NO_LIMIT, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_key_that_is_not_there_is_404),
    scenario!(a_body_that_is_not_json_is_400_and_changes_nothing),
    scenario!(a_list_of_keys_that_is_none_is_400),
    scenario!(milliseconds_that_are_none_are_400),
    scenario!(s17_a_session_too_large_for_its_cookie_is_413_and_stays_as_it_was).except(NO_LIMIT),
    scenario!(s17_a_cookie_fills_up_to_its_limit).except(NO_LIMIT),
];

async fn a_key_that_is_not_there_is_404(stage: Stage) {
    let browser = stage.browser().await;
    for answer in [
        browser.get("/api/session/none").await,
        browser.post("/api/session/none/pull", "").await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(answer.error(), "there is no such key");
        assert!(answer.set_cookies().is_empty());
    }
}

async fn a_body_that_is_not_json_is_400_and_changes_nothing(stage: Stage) {
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
    let browser = stage.browser().await;
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

async fn a_list_of_keys_that_is_none_is_400(stage: Stage) {
    let browser = stage.browser().await;
    for body in [r#""a""#, "1", r#"{"a":1}"#, "[1]", "[null]"] {
        let answer = browser.post("/api/keep", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.error(), "the body is no list of keys");
    }
}

async fn milliseconds_that_are_none_are_400(stage: Stage) {
    let browser = stage.browser().await;
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

async fn s17_a_session_too_large_for_its_cookie_is_413_and_stays_as_it_was(stage: Stage) {
    let browser = stage.browser().await;
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

/// As many small values as fit, and not one more. What was sent was always whole.
async fn s17_a_cookie_fills_up_to_its_limit(stage: Stage) {
    let browser = stage.browser().await;
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
        // The name and the value, without what is between them.
        assert!(answer.cookie().len() - 1 <= 4096);
    };
    assert_too_large(&refused);
    assert!(kept > 100, "{kept}");
    let session = browser.session().await;
    assert_eq!(session["data"].as_object().unwrap().len(), kept);
    // There is room again once something is gone.
    assert_eq!(browser.delete("/api/session/k000").await.status, 204);
    assert_eq!(put(kept).await.status, 204);
}

#[track_caller]
fn assert_too_large(answer: &Answer) {
    assert_eq!(answer.status, 413);
    let error = answer.error();
    let size = error
        .strip_prefix("the session would take ")
        .and_then(|rest| rest.strip_suffix(" bytes, the limit is 4096"));
    assert!(size.unwrap().parse::<usize>().unwrap() > 4096, "{error}");
    assert!(answer.set_cookies().is_empty());
}
