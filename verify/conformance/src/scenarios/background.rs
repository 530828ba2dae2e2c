//! Requests that are none of the user's, and ids that are only looked at.

use std::time::Duration;

use serde_json::json;
use test_support::http::Method;

use crate::fixture::Fixture;
use crate::lab::BACKGROUND;
use crate::scenario::scenarios;

scenarios! {
    polling_does_not_keep_a_session_alive,
    a_rule_of_the_middleware_marks_background_requests,
    a_notice_survives_background_requests,
    what_a_background_request_puts_is_saved,
    peeking_at_the_id_establishes_nothing,
}

async fn polling_does_not_keep_a_session_alive(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    for _ in 0..11 {
        fixture.advance(10 * MINUTE);
        let polled = browser.get("/api/background").await;
        assert_eq!(polled.json()["data"], json!({ "a": 1 }));
        assert!(polled.set_cookies().is_empty(), "{polled}");
    }
    fixture.advance(10 * MINUTE);
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

/// The header stands for whatever tells such requests apart.
async fn a_rule_of_the_middleware_marks_background_requests(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    browser.put("/api/flash/notice", "1").await;
    fixture.advance(60 * MINUTE);
    let marks: &[(&str, &[u8])] = &[
        (BACKGROUND, b"1"),
        ("cookie", &browser.cookie("/").unwrap().into_bytes()),
    ];
    let polled = browser
        .with_headers(Method::GET, "/api/session", marks)
        .await;
    assert_eq!(polled.json()["data"], json!({ "a": 1 }));
    assert_eq!(polled.json()["flash"], json!({}));
    assert!(polled.set_cookies().is_empty(), "{polled}");
    let visit = browser.get("/api/session").await;
    assert_eq!(visit.json()["flash"], json!({ "notice": 1 }));
    assert_eq!(visit.set_cookies().len(), 1, "a visit renews");
}

/// A script of the page fetches ten times before the user reloads.
async fn a_notice_survives_background_requests(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/flash/notice", "\"hello\"").await;
    for _ in 0..5 {
        let polled = browser.get("/api/background").await;
        assert_eq!(polled.json()["flash"], json!({}), "no page shows it");
        browser.put("/api/background/seen", "1").await;
    }
    assert_eq!(
        browser.session().await["flash"],
        json!({ "notice": "hello" })
    );
    assert_eq!(browser.session().await["flash"], json!({}));
}

async fn what_a_background_request_puts_is_saved(fixture: Fixture) {
    let browser = fixture.browser().await;
    let put = browser.put("/api/background/a", "1").await;
    assert_eq!((put.status, put.set_cookies().len()), (204, 1));
    browser.put("/api/background/a", "2").await;
    assert_eq!(browser.get("/api/session/a").await.body, "2");
    let refused = browser.put("/api/background/a", "no JSON").await;
    assert_eq!(refused.status, 400);
}

async fn peeking_at_the_id_establishes_nothing(fixture: Fixture) {
    let browser = fixture.browser().await;
    let peeked = browser.get("/api/peek").await;
    assert_eq!(peeked.json(), json!({ "id": null }));
    assert!(peeked.set_cookies().is_empty());
    let id = browser.id().await;
    assert_eq!(browser.get("/api/peek").await.json(), json!({ "id": *id }));
}

const MINUTE: Duration = Duration::from_secs(60);
