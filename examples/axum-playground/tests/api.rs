//! Every route of the API, with both drivers.

mod common;

use common::{Browser, apps, cookie_app, memory_app};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_session_is_shown_whole() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let first = browser.session().await;
        assert_eq!(first["new"], true);
        assert_eq!(first["data"], json!({}));
        assert_eq!(first["flash"], json!({}));
        assert_eq!(
            browser.put("/api/session/name", r#""Ada""#).await.status,
            204
        );
        assert_eq!(browser.put("/api/flash/notice", "[1]").await.status, 204);
        let second = browser.session().await;
        assert_eq!(
            second,
            json!({
                "new": false,
                "id": first["id"],
                "data": { "name": "Ada" },
                "flash": { "notice": [1] },
            })
        );
    }
}

#[tokio::test]
async fn a_value_comes_back_as_the_text_that_was_put() {
    for app in apps().await {
        let browser = Browser::new(&app);
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
}

#[tokio::test]
async fn a_deeply_nested_value_is_no_danger() {
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    for app in apps().await {
        let browser = Browser::new(&app);
        assert_eq!(browser.put("/api/session/deep", &*nested).await.status, 204);
        assert_eq!(browser.get("/api/session/deep").await.body, nested);
        assert!(browser.get("/api/session").await.body.contains(&nested));
    }
}

#[tokio::test]
async fn a_key_may_be_any_text() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for key in ["a%20b", "a%2Fb", "%C3%A9", "__proto__", "%22", "%00", "a.b"] {
            let path = format!("/api/session/{key}");
            assert_eq!(browser.put(&path, "1").await.status, 204, "{key}");
            assert_eq!(browser.get(&path).await.body, "1", "{key}");
        }
        let data = &browser.session().await["data"];
        assert_eq!(data["a b"], 1);
        assert_eq!(data["a/b"], 1);
        assert_eq!(data["é"], 1);
        assert_eq!(data["__proto__"], 1);
    }
}

#[tokio::test]
async fn a_value_can_be_forgotten_pulled_or_flushed() {
    for app in apps().await {
        let browser = Browser::new(&app);
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
}

#[tokio::test]
async fn what_is_not_there_can_be_forgotten_all_the_same() {
    for app in apps().await {
        let browser = Browser::new(&app);
        assert_eq!(browser.delete("/api/session/none").await.status, 204);
        assert_eq!(browser.delete("/api/session").await.status, 204);
        assert_eq!(browser.post("/api/reflash", "").await.status, 204);
        assert_eq!(browser.post("/api/keep", r#"["none"]"#).await.status, 204);
        let destroyed = browser.post("/api/destroy", "").await;
        assert_eq!(destroyed.status, 204);
        assert_eq!(browser.session().await["new"], true);
    }
}

#[tokio::test]
async fn an_untouched_session_costs_nothing() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for _ in 0..2 {
            let answer = browser.get("/api/untouched").await;
            assert_eq!(answer.status, 200);
            assert!(answer.set_cookies().is_empty());
            assert_eq!(answer.header("vary"), "");
            browser.put("/api/session/a", "1").await;
        }
    }
}

#[tokio::test]
async fn responses_tell_caches_whose_they_are() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let put = browser.put("/api/session/a", "1").await;
        assert_eq!(put.header("vary"), "Cookie");
        assert_eq!(put.header("cache-control"), "no-store");
        let get = browser.get("/api/session/a").await;
        assert_eq!(get.header("vary"), "Cookie");
        assert_eq!(get.header("cache-control"), "");
        assert!(get.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_cookie_has_the_safe_attributes() {
    let browser = Browser::new(&cookie_app().await);
    let answer = browser.put("/api/session/a", "1").await;
    let attributes = answer.set_cookies()[0].split_once("; ").unwrap().1;
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly; Max-Age=7200");
}

/// security.md 6.
#[tokio::test]
async fn s06_regenerate_changes_the_id_and_ends_the_old_one() {
    let browser = Browser::new(&memory_app().await);
    let old = browser.put("/api/session/a", "1").await.cookie();
    let id = browser.id().await;
    let answer = browser.post("/api/regenerate", "").await;
    assert_eq!(answer.status, 204);
    assert_ne!(answer.cookie(), old);
    let session = browser.session().await;
    assert_ne!(session["id"], *id);
    assert_eq!(session["data"], json!({ "a": 1 }));
    let replayed = browser.with_cookie("/api/session", &old).await.json();
    assert_eq!(replayed["new"], true);
    assert_eq!(replayed["data"], json!({}));
}

/// security.md 7.
#[tokio::test]
async fn s07_destroy_ends_the_session_on_the_server_and_in_the_browser() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let old = browser.put("/api/session/a", "1").await.cookie();
        let id = browser.id().await;
        let answer = browser.post("/api/destroy", "").await;
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.set_cookies(),
            [
                "session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
            ]
        );
        let session = browser.session().await;
        assert_eq!(session["new"], true);
        assert_ne!(session["id"], *id);
        // A copy of the cookie driver's cookie cannot be revoked: its documentation says so.
        let is_server_side = old.len() < 100;
        let replayed = browser.with_cookie("/api/session", &old).await.json();
        assert_eq!(replayed["new"], is_server_side);
    }
}

#[tokio::test]
async fn browsers_do_not_see_each_others_sessions() {
    for app in apps().await {
        let (ada, bob) = (Browser::new(&app), Browser::new(&app));
        ada.put("/api/session/name", r#""Ada""#).await;
        assert_eq!(bob.get("/api/session/name").await.status, 404);
        bob.put("/api/session/name", r#""Bob""#).await;
        assert_eq!(ada.get("/api/session/name").await.body, r#""Ada""#);
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_404_and_405_without_a_session() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.put("/api/flash/notice", "1").await;
        for path in ["/nothing", "/api", "/api/session/", "/api/session/a/b"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.body.contains("error"), "{path}");
        }
        let answer = browser.send(Method::PATCH, "/api/session/a", "1").await;
        assert_eq!(answer.status, 405);
        let answer = browser.get("/logout").await;
        assert_eq!(answer.status, 405);
    }
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.put("/api/session/a", "1").await;
        let answer = browser.send(Method::HEAD, "/api/session/a", "").await;
        assert_eq!((answer.status, &*answer.body), (200, ""));
        assert_eq!(answer.header("vary"), "Cookie");
    }
}
