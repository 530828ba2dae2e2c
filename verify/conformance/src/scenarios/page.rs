//! The page for people: its forms, its notices, and that nothing typed into it becomes HTML.

use serde_json::json;

use crate::scenario::{NO_LIMIT, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(visits_are_counted_in_each_browser),
    scenario!(the_page_is_html_without_a_script_or_anything_from_elsewhere),
    scenario!(the_page_says_where_the_session_lives_and_for_how_long),
    scenario!(s26_the_page_shows_a_prefix_of_the_id),
    scenario!(each_form_redirects_to_the_page_which_shows_its_notice_once),
    scenario!(a_form_without_its_field_is_an_empty_one),
    scenario!(s06_login_changes_the_id_and_keeps_the_data),
    scenario!(s07_logout_starts_anew_under_another_id),
    scenario!(what_people_type_is_never_html),
    scenario!(what_people_type_is_no_place_of_the_template),
    scenario!(what_is_too_large_for_the_cookie_is_explained_and_nothing_lost).except(NO_LIMIT),
    scenario!(a_name_that_fits_without_its_notice_is_not_called_too_large).except(NO_LIMIT),
    scenario!(the_page_bears_values_of_any_type),
];

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

async fn visits_are_counted_in_each_browser(stage: Stage) {
    let site = stage.serve().await;
    let (one, other) = (site.browser(), site.browser());
    for n in 1..=3 {
        assert_eq!(visits(&one.page().await), n);
    }
    assert_eq!(visits(&other.page().await), 1);
}

async fn the_page_is_html_without_a_script_or_anything_from_elsewhere(stage: Stage) {
    let answer = stage.browser().await.get("/").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    for absent in ["<script", "http://", "https://", "{{", "}}", "javascript:"] {
        assert!(!answer.body.contains(absent), "{absent}");
    }
    for action in ["/name", "/flash", "/login"] {
        let form = format!(r#"<form method="post" action="{action}">"#);
        assert!(answer.body.contains(&form), "{action}");
    }
}

async fn the_page_says_where_the_session_lives_and_for_how_long(stage: Stage) {
    let page = stage.browser().await.page().await;
    let place = match stage.is_server_side() {
        true => "the session lives on the server",
        false => "the session lives in your browser’s cookie",
    };
    let driver = stage.driver;
    assert!(
        page.contains(&format!("<b>{driver}</b>: {place}")),
        "{page}"
    );
    assert!(page.contains("120 minutes"));
}

/// An id is shown by its first characters only.
async fn s26_the_page_shows_a_prefix_of_the_id(stage: Stage) {
    let browser = stage.browser().await;
    let id = browser.id().await;
    let page = browser.page().await;
    assert!(page.contains(&format!("<code>{}…</code>", &id[..8])));
    assert!(!page.contains(&id[..9]));
}

async fn each_form_redirects_to_the_page_which_shows_its_notice_once(stage: Stage) {
    let browser = stage.browser().await;
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

async fn a_form_without_its_field_is_an_empty_one(stage: Stage) {
    let browser = stage.browser().await;
    for path in ["/name", "/flash", "/login", "/logout"] {
        assert_eq!(browser.form(path, &[]).await.status, 303, "{path}");
    }
    // A logout needs no form at all; the others need to be told that it is one.
    assert_eq!(browser.post("/logout", "").await.status, 303);
    assert_eq!(browser.post("/name", "name=Ada").await.status, 415);
}

async fn s06_login_changes_the_id_and_keeps_the_data(stage: Stage) {
    let browser = stage.browser().await;
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

async fn s07_logout_starts_anew_under_another_id(stage: Stage) {
    let browser = stage.browser().await;
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

async fn what_people_type_is_never_html(stage: Stage) {
    let evil = r#"<script>alert("x")</script>'"><b>&amp;"#;
    let escaped =
        "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&quot;&gt;&lt;b&gt;&amp;amp;";
    let browser = stage.browser().await;
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

async fn what_people_type_is_no_place_of_the_template(stage: Stage) {
    let browser = stage.browser().await;
    browser
        .form("/name", &[("name", "{{id}} {{data}} }} {{")])
        .await;
    let page = browser.page().await;
    assert!(page.contains("<h1>Hello, {{id}} {{data}} }} {{</h1>"));
}

async fn what_is_too_large_for_the_cookie_is_explained_and_nothing_lost(stage: Stage) {
    let browser = stage.browser().await;
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
async fn a_name_that_fits_without_its_notice_is_not_called_too_large(stage: Stage) {
    let browser = stage.browser().await;
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
async fn the_page_bears_values_of_any_type(stage: Stage) {
    let browser = stage.browser().await;
    for key in ["visits", "name", "user"] {
        let path = format!("/api/session/{key}");
        browser.put(&path, r#"{"a":["b"]}"#).await;
        browser.put("/api/flash/notice", "[1]").await;
        assert_eq!(browser.get("/").await.status, 200, "{key}");
        assert_eq!(browser.get(&path).await.body, r#"{"a":["b"]}"#, "{key}");
    }
}
