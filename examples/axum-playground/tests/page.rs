//! The page for people: its forms, its notices, and that nothing typed into it becomes HTML.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Browser, apps, cookie_app, memory_app};
use serde_json::json;

/// A form's path, its fields, and the notice that follows.
type Step = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// The text of the notice or error on the page.
fn notice(page: &str) -> Option<String> {
    let start = page.find(r#"role="status">"#)?;
    let text = &page[start + r#"role="status">"#.len()..];
    Some(text[..text.find("</p>").unwrap()].to_owned())
}

fn visits(page: &str) -> u32 {
    let start = page.find("<b>").unwrap() + "<b>".len();
    let end = start + page[start..].find("</b>").unwrap();
    page[start..end].parse().unwrap()
}

#[tokio::test]
async fn visits_are_counted_in_each_browser() {
    for app in apps().await {
        let (one, other) = (Browser::new(&app), Browser::new(&app));
        for n in 1..=3 {
            assert_eq!(visits(&one.page().await), n);
        }
        assert_eq!(visits(&other.page().await), 1);
    }
}

#[tokio::test]
async fn the_page_is_html_without_a_script_or_anything_from_elsewhere() {
    for app in apps().await {
        let answer = Browser::new(&app).get("/").await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        for absent in ["<script", "http://", "https://", "{{", "}}", "javascript:"] {
            assert!(!answer.body.contains(absent), "{absent}");
        }
        for action in ["/name", "/flash", "/login"] {
            let form = format!(r#"<form method="post" action="{action}">"#);
            assert!(answer.body.contains(&form), "{action}");
        }
    }
}

#[tokio::test]
async fn the_page_says_where_the_session_lives_and_for_how_long() {
    let page = Browser::new(&cookie_app().await).page().await;
    assert!(page.contains("<b>cookie</b>: the session lives in your browser’s cookie"));
    assert!(page.contains("120 minutes"));
    let page = Browser::new(&memory_app().await).page().await;
    assert!(page.contains("<b>memory</b>: the session lives on the server"));
}

/// security.md 26: an id is shown by its first characters only.
#[tokio::test]
async fn s26_the_page_shows_a_prefix_of_the_id() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let id = browser.id().await;
        let page = browser.page().await;
        assert!(page.contains(&format!("<code>{}…</code>", &id[..8])));
        assert!(!page.contains(&id[..9]));
    }
}

#[tokio::test]
async fn each_form_redirects_to_the_page_which_shows_its_notice_once() {
    for app in apps().await {
        let browser = Browser::new(&app);
        let steps: [Step; 4] = [
            (
                "/name",
                &[("name", " Ada ")],
                "Your name was put into the session.",
            ),
            ("/flash", &[("message", "hello")], "hello"),
            (
                "/login",
                &[("user", "Grace")],
                "Welcome. The session has a new id and the same data.",
            ),
            (
                "/logout",
                &[],
                "You are logged out. That session is gone; this is a new one.",
            ),
        ];
        for (path, fields, expected) in steps {
            let answer = browser.form(path, fields).await;
            assert_eq!((answer.status, answer.header("location")), (303, "/"));
            assert_eq!(answer.set_cookies().len(), 1);
            assert_eq!(notice(&browser.page().await).as_deref(), Some(expected));
            assert_eq!(notice(&browser.page().await), None, "{path}");
        }
    }
}

#[tokio::test]
async fn a_form_without_its_field_is_an_empty_one() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for path in ["/name", "/flash", "/login", "/logout"] {
            assert_eq!(browser.form(path, &[]).await.status, 303, "{path}");
        }
        // A logout needs no form at all; the others need to be told that it is one.
        assert_eq!(browser.post("/logout", "").await.status, 303);
        assert_eq!(browser.post("/name", "name=Ada").await.status, 415);
    }
}

#[tokio::test]
async fn s06_login_changes_the_id_and_keeps_the_data() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.form("/name", &[("name", "Ada")]).await;
        let before = browser.page().await;
        assert!(before.contains("(not logged in)"));
        let id = browser.id().await;

        browser.form("/login", &[("user", "")]).await;
        let page = browser.page().await;
        assert!(page.contains("<h1>Hello, Ada</h1>"), "Ada is the default");
        assert!(page.contains("(logged in)"));
        assert!(page.contains(r#"action="/logout""#) && !page.contains(r#"action="/login""#));
        let session = browser.session().await;
        assert_ne!(session["id"], *id);
        assert_eq!(session["data"]["name"], "Ada");
        assert_eq!(visits(&page), visits(&before) + 1);
    }
}

#[tokio::test]
async fn s07_logout_starts_anew_under_another_id() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser.form("/login", &[("user", "Ada")]).await;
        browser.put("/api/session/cart", "[1]").await;
        let id = browser.id().await;
        browser.form("/logout", &[]).await;
        let session = browser.session().await;
        assert_ne!(session["id"], *id);
        assert_eq!(session["data"], json!({}));
        let page = browser.page().await;
        assert!(page.contains("Hello, stranger") && page.contains("(not logged in)"));
        assert_eq!(visits(&page), 1);
    }
}

#[tokio::test]
async fn s07_after_a_logout_the_old_cookie_is_worth_nothing_on_the_server() {
    let browser = Browser::new(&memory_app().await);
    let cookie = browser.form("/login", &[("user", "Ada")]).await.cookie();
    let before = browser.with_cookie("/api/session/user", &cookie).await;
    assert_eq!(before.body, r#""Ada""#);
    browser.form("/logout", &[]).await;
    let after = browser.with_cookie("/api/session/user", &cookie).await;
    assert_eq!(after.status, 404);
}

#[tokio::test]
async fn what_people_type_is_never_html() {
    let evil = r#"<script>alert("x")</script>'"><b>&amp;"#;
    let escaped =
        "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&quot;&gt;&lt;b&gt;&amp;amp;";
    for app in apps().await {
        let browser = Browser::new(&app);
        for (path, field) in [("/name", "name"), ("/flash", "message"), ("/login", "user")] {
            browser.form(path, &[(field, evil)]).await;
            let page = browser.page().await;
            assert!(page.contains(escaped), "{path}");
            for part in ["<script", "alert(\"", "'\">", "<b>&amp;"] {
                assert!(!page.contains(part), "{path}: {part}");
            }
        }
        // By the API, as a key, a value and flash.
        browser
            .put("/api/session/%3Cscript%3E", r#""</pre><script>""#)
            .await;
        browser
            .put("/api/flash/%3Cimg%3E", r#""<img src=x>""#)
            .await;
        let page = browser.page().await;
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert!(page.contains("&lt;img src=x&gt;"));
    }
}

#[tokio::test]
async fn what_people_type_is_no_place_of_the_template() {
    for app in apps().await {
        let browser = Browser::new(&app);
        browser
            .form("/name", &[("name", "{{id}} {{data}} }} {{")])
            .await;
        let page = browser.page().await;
        assert!(page.contains("<h1>Hello, {{id}} {{data}} }} {{</h1>"));
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_cookie_is_explained_and_nothing_lost() {
    let browser = Browser::new(&cookie_app().await);
    browser.form("/name", &[("name", "Ada")]).await;
    browser.page().await;
    let large = "x".repeat(5000);
    for (path, field) in [("/name", "name"), ("/flash", "message"), ("/login", "user")] {
        let answer = browser.form(path, &[(field, &large)]).await;
        assert_eq!(answer.status, 303);
        let next = browser.get(answer.header("location")).await;
        assert_eq!(next.status, 200, "{path}");
        assert!(
            next.body.contains(r#"class="error" role="status""#),
            "{path}"
        );
        assert!(next.body.contains("<h1>Hello, Ada</h1>"), "{path}");
        let data = &browser.session().await["data"];
        assert_eq!(data["name"], "Ada");
        assert!(data["user"].is_null(), "{path}");
    }
}

/// The longest name that fits leaves no room for its notice.
#[tokio::test]
async fn a_name_that_fits_without_its_notice_is_not_called_too_large() {
    let browser = Browser::new(&cookie_app().await);
    browser.page().await;
    for length in (2900..3000).rev() {
        let name = "x".repeat(length);
        browser.form("/name", &[("name", "")]).await;
        let answer = browser.form("/name", &[("name", &name)]).await;
        let next = browser.get(answer.header("location")).await;
        let saved = browser.session().await["data"]["name"] == *name;
        let refused = next.body.contains("too full") || next.body.contains("Nothing was changed");
        assert_ne!(saved, refused, "{length} characters");
    }
}

/// A value of another type, put there by the API: the page shows the rest, and the value is left as it was.
#[tokio::test]
async fn the_page_bears_values_of_any_type() {
    for app in apps().await {
        let browser = Browser::new(&app);
        for key in ["visits", "name", "user"] {
            let path = format!("/api/session/{key}");
            browser.put(&path, r#"{"a":["b"]}"#).await;
            browser.put("/api/flash/notice", "[1]").await;
            assert_eq!(browser.get("/").await.status, 200, "{key}");
            assert_eq!(browser.get(&path).await.body, r#"{"a":["b"]}"#, "{key}");
        }
    }
}
