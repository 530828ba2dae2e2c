//! The cookies of responses: attributes, removal, and the cookies of others.

use std::time::Duration;

use session_core::{CookieOptions, SameSite};
use test_support::http::Method;

use super::lab_reply;
use crate::fixture::{Fixture, plain_cookie};
use crate::scenario::scenarios;

scenarios! {
    s13_the_default_cookie_is_safe,
    s14_same_site_none_forces_secure,
    s16_removal_repeats_every_attribute,
    s16_destroy_removes_a_cookie_with_a_nested_path,
    s12_a_cookie_can_end_with_the_browser,
    s23_max_age_is_capped_at_400_days,
    s20_other_cookies_are_kept_and_the_session_cookie_is_set_once,
    a_handlers_cookies_are_kept_if_the_session_sets_none,
    s20_a_second_layer_changes_nothing,
    reading_a_session_sets_no_cookie,
}

/// Plain HTTP only omits Secure.
async fn s13_the_default_cookie_is_safe(fixture: Fixture) {
    for (options, secure) in [(CookieOptions::default(), "Secure; "), (plain_cookie(), "")] {
        let expected = format!("Path=/; SameSite=Lax; HttpOnly; {secure}Max-Age=7200");
        assert_eq!(attributes(&fixture, options).await, expected);
    }
}

async fn s14_same_site_none_forces_secure(fixture: Fixture) {
    let attributes = attributes(&fixture, plain_cookie().same_site(SameSite::None)).await;
    assert_eq!(
        attributes,
        "Path=/; SameSite=None; HttpOnly; Secure; Max-Age=7200"
    );
}

/// Returns the attributes that a server with these options sets.
async fn attributes(fixture: &Fixture, options: CookieOptions) -> String {
    let server = fixture.serve_with(|builder| builder.cookie(options)).await;
    let answer = server.browser().put("/api/session/a", "1").await;
    let (cookie, attributes) = answer.set_cookie();
    assert!(cookie.starts_with("session="), "{cookie}");
    attributes
}

async fn s16_removal_repeats_every_attribute(fixture: Fixture) {
    let options = CookieOptions::default()
        .name("__Secure-sid")
        .path("/api")
        .domain("example.com")
        .same_site(SameSite::Strict)
        .partitioned(true);
    let server = fixture.serve_with(|builder| builder.cookie(options)).await;
    let browser = server.browser();
    let (set, attributes) = browser.put("/api/session/a", "1").await.set_cookie();
    let common =
        "Path=/api; Domain=example.com; SameSite=Strict; HttpOnly; Secure; Partitioned; Max-Age=";
    assert_eq!(attributes, format!("{common}7200"));

    let headers = [("cookie", set.as_bytes())];
    let removed = browser
        .with_headers(Method::POST, "/api/destroy", &headers)
        .await;
    let removal = format!("__Secure-sid=; {common}0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(removed.set_cookies(), [removal]);
}

/// A removal with another path would leave the cookie in place.
async fn s16_destroy_removes_a_cookie_with_a_nested_path(fixture: Fixture) {
    let options = plain_cookie().path("/api");
    let server = fixture.serve_with(|builder| builder.cookie(options)).await;
    let browser = server.browser();
    browser.put("/api/session/a", "1").await;
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert!(browser.cookie("/api/anything/below").is_some());
    assert_eq!(browser.cookie("/"), None);
    let removed = browser.post("/api/destroy", "").await;
    assert_eq!(removed.set_cookie().0, "session=");
    assert_eq!(browser.cookie("/api/anything/below"), None);
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

/// The session still expires on the server.
async fn s12_a_cookie_can_end_with_the_browser(fixture: Fixture) {
    let options = plain_cookie().persistent(false);
    let server = fixture.serve_with(|builder| builder.cookie(options)).await;
    let browser = server.browser();
    let (_, attributes) = browser.put("/api/session/a", "1").await.set_cookie();
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly");
    fixture.advance(Duration::from_secs(121 * 60));
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

async fn s23_max_age_is_capped_at_400_days(fixture: Fixture) {
    let lifetime = Duration::from_secs(1_000 * 24 * 60 * 60);
    let server = fixture
        .serve_with(|builder| builder.lifetime(lifetime))
        .await;
    let answer = server.browser().put("/api/session/a", "1").await;
    let (_, attributes) = answer.set_cookie();
    assert!(attributes.ends_with("; Max-Age=34560000"), "{attributes}");
}

/// A second cookie with the session's name would contradict the first, so the session's own cookie replaces it.
async fn s20_other_cookies_are_kept_and_the_session_cookie_is_set_once(fixture: Fixture) {
    let browser = fixture.browser().await;
    let lines = [
        "set-cookie: theme=dark; Path=/",
        "set-cookie: session=by-hand; Path=/",
        "set-cookie: lang=en",
        "set-cookie:  session = again",
        "set-cookie: sessions=other; HttpOnly",
        "set-cookie: Session=another",
    ];
    let answer = lab_reply(&browser, Method::POST, &lines).await;
    let set = answer.set_cookies();
    let (ours, others) = set.split_last().unwrap();
    assert_eq!(
        others,
        [
            "theme=dark; Path=/",
            "lang=en",
            "sessions=other; HttpOnly",
            "Session=another",
        ]
    );
    let (cookie, attributes) = ours.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly; Max-Age=7200");
    let saved = browser.with_cookie("/api/session/replied", cookie).await;
    assert_eq!(saved.body, "true");
}

async fn a_handlers_cookies_are_kept_if_the_session_sets_none(fixture: Fixture) {
    let browser = fixture.browser().await;
    let lines = ["set-cookie: session=by-hand", "set-cookie: theme=dark"];
    let answer = lab_reply(&browser, Method::GET, &lines).await;
    assert_eq!(answer.set_cookies(), ["session=by-hand", "theme=dark"]);
}

async fn s20_a_second_layer_changes_nothing(fixture: Fixture) {
    let browser = fixture.browser().await;
    for visits in ["1", "2", "3"] {
        let loads = fixture.probe.loads();
        let answer = browser.get("/lab/twice").await;
        assert_eq!((answer.status, &*answer.body), (200, visits));
        // A server-side session that is not renewed keeps its cookie.
        let is_set = visits == "1" || !fixture.is_server_side();
        assert_eq!(answer.set_cookies().len(), usize::from(is_set));
        assert_eq!(answer.header("vary"), "Cookie");
        assert!(fixture.probe.loads() <= loads + 1);
    }
    assert_eq!(browser.get("/api/session/visits").await.body, "3");
}

async fn reading_a_session_sets_no_cookie(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/a", "1").await;
    let writes = fixture.probe.writes();
    for _ in 0..3 {
        let answer = browser.get("/api/session/a").await;
        assert_eq!(answer.status, 200);
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(fixture.probe.writes(), writes);
}
