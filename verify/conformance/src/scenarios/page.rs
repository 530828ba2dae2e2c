//! The page: its forms, its notices, and the escaping of what people type.

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    visits_are_counted_per_browser,
    the_page_loads_no_scripts_or_remote_resources,
    the_page_names_the_driver_and_the_lifetime,
    s26_the_page_shows_only_a_prefix_of_the_id,
    each_form_shows_its_notice_once,
    missing_form_fields_are_empty,
    the_page_shows_login_and_logout,
    user_input_is_escaped,
    user_input_is_not_a_template,
    an_oversized_form_is_explained_and_loses_nothing needs SIZE_LIMIT,
    a_name_without_room_for_its_notice_is_saved needs SIZE_LIMIT,
    the_page_accepts_values_of_any_type,
}

/// Returns the text of the page's notice or error.
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

async fn visits_are_counted_per_browser(fixture: Fixture) {
    let server = fixture.serve().await;
    let (one, other) = (server.browser(), server.browser());
    for n in 1..=3 {
        assert_eq!(visits(&one.page().await), n);
    }
    assert_eq!(visits(&other.page().await), 1);
}

async fn the_page_loads_no_scripts_or_remote_resources(fixture: Fixture) {
    let answer = fixture.browser().await.get("/").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    for absent in ["<script", "http://", "https://", "{{", "}}", "javascript:"] {
        assert!(!answer.body.contains(absent), "{absent}");
    }
    for action in ["/name", "/flash", "/login"] {
        let form = format!(r#"<form method="post" action="{action}">"#);
        assert!(answer.body.contains(&form), "{action}");
    }
}

async fn the_page_names_the_driver_and_the_lifetime(fixture: Fixture) {
    let page = fixture.browser().await.page().await;
    let place = match fixture.is_server_side() {
        true => "on the server",
        false => "in your browser’s cookie",
    };
    assert!(page.contains(&format!("<b>{}</b>", fixture.driver)));
    assert!(page.contains(place));
    let is_encrypted = fixture.probe.driver.is_sealed();
    assert_eq!(page.contains(", encrypted"), is_encrypted);
    assert!(page.contains("120 minutes"));
}

async fn s26_the_page_shows_only_a_prefix_of_the_id(fixture: Fixture) {
    let browser = fixture.browser().await;
    let id = browser.id().await;
    let page = browser.page().await;
    assert!(page.contains(&format!("<code>{}…</code>", &id[..8])));
    assert!(!page.contains(&id[..9]));
}

async fn each_form_shows_its_notice_once(fixture: Fixture) {
    let browser = fixture.browser().await;
    let mut notices = Vec::new();
    for (path, field) in [
        ("/name", "name"),
        ("/flash", "message"),
        ("/login", "name"),
        ("/logout", ""),
    ] {
        let answer = browser.form(path, &[(field, " Grace ")]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"));
        notices.push(notice(&browser.page().await).unwrap());
        assert_eq!(notice(&browser.page().await), None, "{path}");
    }
    assert_eq!(notices[1], "Grace");
    notices.sort();
    notices.dedup();
    assert_eq!(notices.len(), 4, "each form has its own notice");
}

async fn missing_form_fields_are_empty(fixture: Fixture) {
    let browser = fixture.browser().await;
    for path in ["/name", "/flash", "/login", "/logout"] {
        assert_eq!(browser.form(path, &[]).await.status, 303, "{path}");
    }
    // Logout needs no form. The others need its content type.
    assert_eq!(browser.post("/logout", "").await.status, 303);
    assert_eq!(browser.post("/name", "name=Ada").await.status, 415);
}

async fn the_page_shows_login_and_logout(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.form("/name", &[("name", "Ada")]).await;
    let guest = browser.page().await;
    assert!(guest.contains("(not logged in)"));
    assert!(guest.contains(r#"action="/login""#) && !guest.contains(r#"action="/logout""#));

    browser.form("/login", &[("name", "")]).await;
    let user = browser.page().await;
    assert!(user.contains("<h1>Hello, Ada</h1>"), "Ada is the default");
    assert!(user.contains("(logged in)"));
    assert!(user.contains(r#"action="/logout""#) && !user.contains(r#"action="/login""#));
    assert_eq!(browser.session().await["data"]["name"], "Ada");
    assert_eq!(visits(&user), visits(&guest) + 1);

    browser.form("/logout", &[]).await;
    let guest = browser.page().await;
    assert!(guest.contains("Hello, stranger") && guest.contains("(not logged in)"));
    assert_eq!(visits(&guest), 1);
}

async fn user_input_is_escaped(fixture: Fixture) {
    let evil = r#"<script>alert("x")</script>'"><b>&amp;"#;
    let escaped =
        "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&quot;&gt;&lt;b&gt;&amp;amp;";
    let browser = fixture.browser().await;
    for (path, field) in [("/name", "name"), ("/flash", "message"), ("/login", "name")] {
        browser.form(path, &[(field, evil)]).await;
        let page = browser.page().await;
        assert!(page.contains(escaped), "{path}");
        for part in ["<script", "alert(\"", "'\">", "<b>&amp;"] {
            assert!(!page.contains(part), "{path}: {part}");
        }
    }
    // Values from the API are escaped, too: keys, data and flash.
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

async fn user_input_is_not_a_template(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser
        .form("/name", &[("name", "{{id}} {{data}} }} {{")])
        .await;
    let page = browser.page().await;
    assert!(page.contains("<h1>Hello, {{id}} {{data}} }} {{</h1>"));
}

async fn an_oversized_form_is_explained_and_loses_nothing(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.form("/name", &[("name", "Ada")]).await;
    browser.page().await;
    let large = "x".repeat(5000);
    for (path, field) in [("/name", "name"), ("/flash", "message"), ("/login", "name")] {
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

/// The longest name that fits leaves no room for its notice, but the page must not report it as too large.
async fn a_name_without_room_for_its_notice_is_saved(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.page().await;
    for length in (2900..3000).rev() {
        let name = "x".repeat(length);
        browser.form("/name", &[("name", "")]).await;
        let answer = browser.form("/name", &[("name", &name)]).await;
        let next = browser.get(answer.header("location")).await;
        let saved = browser.session().await["data"]["name"] == *name;
        let refused = next.body.contains(r#"class="error" role="status""#);
        assert_ne!(saved, refused, "{length} characters");
    }
}

/// The API can store values that the page does not expect. The page leaves them unchanged and shows the rest.
async fn the_page_accepts_values_of_any_type(fixture: Fixture) {
    let browser = fixture.browser().await;
    let object = r#"{"a":["b"]}"#;
    for (key, value) in [("visits", object), ("name", object), ("user", "42")] {
        let path = format!("/api/session/{key}");
        browser.put(&path, value).await;
        browser.put("/api/flash/notice", "[1]").await;
        assert_eq!(browser.get("/").await.status, 200, "{key}");
        assert_eq!(browser.get(&path).await.body, value, "{key}");
    }
}
