//! Every verb that reads or writes values, and what a value or a key may be.

use serde_json::json;
use test_support::http::Method;

use crate::scenario::{NO_STORE, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(a_session_is_shown_whole),
    scenario!(a_value_comes_back_as_the_text_that_was_put),
    scenario!(a_deeply_nested_value_is_no_danger),
    scenario!(a_large_value_is_kept_on_the_server).except(NO_STORE),
    scenario!(a_key_may_be_any_text),
    scenario!(a_value_can_be_forgotten_pulled_or_flushed),
    scenario!(what_is_not_there_can_be_forgotten_all_the_same),
    scenario!(browsers_do_not_see_each_others_sessions),
    scenario!(s30_a_visitor_who_writes_nothing_costs_nothing),
    scenario!(other_paths_and_methods_are_404_and_405),
    scenario!(head_answers_as_get_without_a_body),
];

async fn a_session_is_shown_whole(stage: Stage) {
    let browser = stage.browser().await;
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

async fn a_value_comes_back_as_the_text_that_was_put(stage: Stage) {
    let browser = stage.browser().await;
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

async fn a_deeply_nested_value_is_no_danger(stage: Stage) {
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let browser = stage.browser().await;
    assert_eq!(browser.put("/api/session/deep", &*nested).await.status, 204);
    assert_eq!(browser.get("/api/session/deep").await.body, nested);
    assert!(browser.get("/api/session").await.body.contains(&nested));
}

async fn a_large_value_is_kept_on_the_server(stage: Stage) {
    let large = format!("\"{}\"", "x".repeat(100_000));
    let browser = stage.browser().await;
    assert_eq!(browser.put("/api/session/a", &*large).await.status, 204);
    assert_eq!(browser.get("/api/session/a").await.body, large);
}

async fn a_key_may_be_any_text(stage: Stage) {
    let browser = stage.browser().await;
    for key in ["a%20b", "a%2Fb", "%C3%A9", "__proto__", "%22", "%00", "a.b"] {
        let path = format!("/api/session/{key}");
        assert_eq!(browser.put(&path, "1").await.status, 204, "{key}");
        assert_eq!(browser.get(&path).await.body, "1", "{key}");
    }
    let data = &browser.session().await["data"];
    for key in ["a b", "a/b", "é", "__proto__", "\"", "\0", "a.b"] {
        assert_eq!(data[key], 1, "{key:?}");
    }
}

async fn a_value_can_be_forgotten_pulled_or_flushed(stage: Stage) {
    let browser = stage.browser().await;
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
    assert_eq!(session["id"], *id, "a flush keeps the id");
}

async fn what_is_not_there_can_be_forgotten_all_the_same(stage: Stage) {
    let browser = stage.browser().await;
    assert_eq!(browser.delete("/api/session/none").await.status, 204);
    assert_eq!(browser.delete("/api/session").await.status, 204);
    assert_eq!(browser.post("/api/reflash", "").await.status, 204);
    assert_eq!(browser.post("/api/keep", r#"["none"]"#).await.status, 204);
    assert_eq!(browser.post("/api/destroy", "").await.status, 204);
    assert_eq!(browser.session().await["new"], true);
}

async fn browsers_do_not_see_each_others_sessions(stage: Stage) {
    let site = stage.serve().await;
    let (ada, bob) = (site.browser(), site.browser());
    ada.put("/api/session/name", r#""Ada""#).await;
    assert_eq!(bob.get("/api/session/name").await.status, 404);
    bob.put("/api/session/name", r#""Bob""#).await;
    assert_eq!(ada.get("/api/session/name").await.body, r#""Ada""#);
}

/// Neither a cookie nor a record, and a handler that does not take the session is not talked about to caches.
async fn s30_a_visitor_who_writes_nothing_costs_nothing(stage: Stage) {
    let browser = stage.browser().await;
    let untouched = browser.get("/api/untouched").await;
    assert_eq!(untouched.status, 200);
    assert!(untouched.is_silent());
    for answer in [
        browser.get("/api/session/a").await,
        browser.delete("/api/session/a").await,
        browser.delete("/api/session").await,
        browser.post("/api/session/a/pull", "").await,
        browser.post("/api/reflash", "").await,
        browser.get("/nothing").await,
    ] {
        assert!(answer.set_cookies().is_empty(), "{answer}");
    }
    assert_eq!((stage.probe.loads(), stage.probe.writes()), (0, 0));
    // With a session of its own neither.
    browser.put("/api/session/a", "1").await;
    assert!(browser.get("/api/untouched").await.is_silent());
}

async fn other_paths_and_methods_are_404_and_405(stage: Stage) {
    let browser = stage.browser().await;
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

async fn head_answers_as_get_without_a_body(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let answer = browser.send(Method::HEAD, "/api/session/a", "").await;
    assert_eq!((answer.status, &*answer.body), (200, ""));
    assert_eq!(answer.header("vary"), "Cookie");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}
