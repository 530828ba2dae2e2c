//! Reading and writing values.

use serde_json::json;
use test_support::http::Method;

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    the_api_shows_the_whole_session,
    values_keep_their_exact_json_text,
    deeply_nested_values_are_accepted,
    large_values_fit_on_the_server needs STORE,
    keys_can_be_any_text,
    values_can_be_forgotten_pulled_and_flushed,
    removing_missing_values_succeeds,
    browsers_have_separate_sessions,
    s30_a_visitor_who_writes_nothing_gets_no_session,
    unknown_paths_are_404_and_wrong_methods_405,
    head_matches_get_without_the_body,
}

async fn the_api_shows_the_whole_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    let first = browser.session().await;
    assert_eq!(first["new"], true);
    assert_eq!(first["data"], json!({}));
    assert_eq!(first["flash"], json!({}));
    let put = browser.put("/api/session/name", r#""Ada""#).await;
    assert_eq!(put.status, 204);
    assert_eq!(browser.put("/api/flash/notice", "[1]").await.status, 204);
    let second = json!({
        "new": false,
        "id": first["id"],
        "data": { "name": "Ada" },
        "flash": { "notice": [1] },
    });
    assert_eq!(browser.session().await, second);
}

async fn values_keep_their_exact_json_text(fixture: Fixture) {
    let browser = fixture.browser().await;
    for text in [
        "1",
        "1.0",
        "-0.0",
        "1e400",
        "123456789012345678901234567890",
        "0.1234567890123456789",
        "null",
        "true",
        r#""""#,
        r#""é \u00e9 \ud83d\ude00 \" \\ </script>""#,
        r#"{"b":1,"a":2,"b":3}"#,
        "[ 1,\n\t2 ]",
    ] {
        let put = browser.put("/api/session/value", text).await;
        assert_eq!((put.status, &*put.body), (204, ""), "{text}");
        let get = browser.get("/api/session/value").await;
        assert_eq!((get.status, &*get.body), (200, text));
        assert_eq!(get.header("content-type"), "application/json");
    }
}

async fn deeply_nested_values_are_accepted(fixture: Fixture) {
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let browser = fixture.browser().await;
    assert_eq!(browser.put("/api/session/deep", &*nested).await.status, 204);
    assert_eq!(browser.get("/api/session/deep").await.body, nested);
    assert!(browser.get("/api/session").await.body.contains(&nested));
}

async fn large_values_fit_on_the_server(fixture: Fixture) {
    let large = format!("\"{}\"", "x".repeat(100_000));
    let browser = fixture.browser().await;
    assert_eq!(browser.put("/api/session/a", &*large).await.status, 204);
    assert_eq!(browser.get("/api/session/a").await.body, large);
}

async fn keys_can_be_any_text(fixture: Fixture) {
    let browser = fixture.browser().await;
    for (encoded, key) in [
        ("a%20b", "a b"),
        ("a%2Fb", "a/b"),
        ("%C3%A9", "é"),
        ("__proto__", "__proto__"),
        ("%22", "\""),
        ("%00", "\0"),
        ("a.b", "a.b"),
    ] {
        let path = format!("/api/session/{encoded}");
        assert_eq!(browser.put(&path, "1").await.status, 204, "{key:?}");
        assert_eq!(browser.get(&path).await.body, "1", "{key:?}");
        assert_eq!(browser.session().await["data"][key], 1, "{key:?}");
    }
}

async fn values_can_be_forgotten_pulled_and_flushed(fixture: Fixture) {
    let browser = fixture.browser().await;
    for key in ["a", "b", "c"] {
        browser.put(&format!("/api/session/{key}"), "1").await;
    }
    assert_eq!(browser.delete("/api/session/a").await.status, 204);
    assert_eq!(browser.get("/api/session/a").await.status, 404);

    let pulled = browser.post("/api/session/b/pull", "").await;
    assert_eq!((pulled.status, &*pulled.body), (200, "1"));
    assert_eq!(browser.post("/api/session/b/pull", "").await.status, 404);

    assert_eq!(browser.session().await["data"], json!({ "c": 1 }));
    let id = browser.id().await;
    assert_eq!(browser.delete("/api/session").await.status, 204);
    let session = browser.session().await;
    assert_eq!(session["data"], json!({}));
    assert_eq!(session["id"], *id, "flush keeps the id");
}

async fn removing_missing_values_succeeds(fixture: Fixture) {
    let browser = fixture.browser().await;
    assert_eq!(browser.delete("/api/session/none").await.status, 204);
    assert_eq!(browser.delete("/api/session").await.status, 204);
    assert_eq!(browser.post("/api/reflash", "").await.status, 204);
    assert_eq!(browser.post("/api/keep", r#"["none"]"#).await.status, 204);
    assert_eq!(browser.post("/api/destroy", "").await.status, 204);
    assert_eq!(browser.session().await["new"], true);
}

async fn browsers_have_separate_sessions(fixture: Fixture) {
    let server = fixture.serve().await;
    let (ada, bob) = (server.browser(), server.browser());
    ada.put("/api/session/name", r#""Ada""#).await;
    assert_eq!(bob.get("/api/session/name").await.status, 404);
    bob.put("/api/session/name", r#""Bob""#).await;
    assert_eq!(ada.get("/api/session/name").await.body, r#""Ada""#);
}

async fn s30_a_visitor_who_writes_nothing_gets_no_session(fixture: Fixture) {
    let browser = fixture.browser().await;
    for answer in [
        browser.get("/api/session/a").await,
        browser.delete("/api/session/a").await,
        browser.delete("/api/session").await,
        browser.post("/api/session/a/pull", "").await,
        browser.post("/api/reflash", "").await,
        browser.get("/api/untouched").await,
        browser.get("/nothing").await,
    ] {
        assert!(answer.set_cookies().is_empty(), "{answer}");
    }
    assert_eq!((fixture.probe.loads(), fixture.probe.writes()), (0, 0));
}

async fn unknown_paths_are_404_and_wrong_methods_405(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    for path in ["/nothing", "/api", "/api/session/", "/api/session/a/b"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("error"), "{path}");
    }
    let answer = browser.send(Method::PATCH, "/api/session/a", "1").await;
    assert_eq!(answer.status, 405);
    assert_eq!(browser.get("/logout").await.status, 405);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn head_matches_get_without_the_body(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let answer = browser.send(Method::HEAD, "/api/session/a", "").await;
    assert_eq!((answer.status, &*answer.body), (200, ""));
    assert_eq!(answer.header("vary"), "Cookie");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}
