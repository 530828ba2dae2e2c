//! The cookies of responses: attributes, removals, and those of others.

use std::time::Duration;

use session_core::{CookieOptions, SameSite};
use test_support::http::Method;

use crate::lab;
use crate::scenario::{Scenario, scenario};
use crate::stage::{Stage, cookie};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s13_a_cookie_has_the_safe_attributes),
    scenario!(s13_over_plain_http_only_secure_is_missing),
    scenario!(s14_same_site_none_is_secure_in_any_case),
    scenario!(s16_a_removal_repeats_every_attribute),
    scenario!(s16_under_a_nested_path_a_destroy_removes_the_cookie_that_was_set),
    scenario!(s12_a_cookie_may_end_with_the_browser),
    scenario!(s23_max_age_is_at_most_400_days),
    scenario!(s20_cookies_of_others_stay_and_ours_comes_once),
    scenario!(s20_the_middleware_twice_is_the_middleware_once),
    scenario!(a_session_that_is_only_read_sets_no_cookie),
];

async fn s13_a_cookie_has_the_safe_attributes(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.cookie(CookieOptions::default()))
        .await;
    let (_, attributes) = site.browser().put("/api/session/a", "1").await.set_cookie();
    assert_eq!(
        attributes,
        "Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200"
    );
}

async fn s13_over_plain_http_only_secure_is_missing(stage: Stage) {
    let answer = stage.browser().await.put("/api/session/a", "1").await;
    let (cookie, attributes) = answer.set_cookie();
    assert!(cookie.starts_with("session="), "{cookie}");
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly; Max-Age=7200");
}

async fn s14_same_site_none_is_secure_in_any_case(stage: Stage) {
    let options = cookie().same_site(SameSite::None);
    let site = stage.serve_with(|builder| builder.cookie(options)).await;
    let (_, attributes) = site.browser().put("/api/session/a", "1").await.set_cookie();
    assert!(
        attributes.contains("; SameSite=None; HttpOnly; Secure"),
        "{attributes}"
    );
}

async fn s16_a_removal_repeats_every_attribute(stage: Stage) {
    let options = CookieOptions::default()
        .name("__Secure-sid")
        .path("/api")
        .domain("example.com")
        .same_site(SameSite::Strict)
        .partitioned(true);
    let site = stage.serve_with(|builder| builder.cookie(options)).await;
    let browser = site.browser();
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

/// A removal with another path would leave the cookie where it is.
async fn s16_under_a_nested_path_a_destroy_removes_the_cookie_that_was_set(stage: Stage) {
    let options = cookie().path("/api");
    let site = stage.serve_with(|builder| builder.cookie(options)).await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert!(browser.cookie("/api/anything/below").is_some());
    assert_eq!(browser.cookie("/"), None);
    let removed = browser.post("/api/destroy", "").await;
    assert_eq!(removed.set_cookie().0, "session=");
    assert_eq!(browser.cookie("/api/anything/below"), None);
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

/// On the server it ends all the same.
async fn s12_a_cookie_may_end_with_the_browser(stage: Stage) {
    let options = cookie().persistent(false);
    let site = stage.serve_with(|builder| builder.cookie(options)).await;
    let browser = site.browser();
    let (_, attributes) = browser.put("/api/session/a", "1").await.set_cookie();
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly");
    stage.advance(Duration::from_secs(121 * 60));
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

async fn s23_max_age_is_at_most_400_days(stage: Stage) {
    let lifetime = Duration::from_secs(1_000 * 24 * 60 * 60);
    let site = stage.serve_with(|builder| builder.lifetime(lifetime)).await;
    let (_, attributes) = site.browser().put("/api/session/a", "1").await.set_cookie();
    assert!(attributes.ends_with("; Max-Age=34560000"), "{attributes}");
}

/// Also where a handler sets the session's cookie by hand: two of one name would contradict each other.
async fn s20_cookies_of_others_stay_and_ours_comes_once(stage: Stage) {
    let browser = stage.browser().await;
    let answer = browser.get("/lab/cookies").await;
    assert_eq!((answer.status, &*answer.body), (200, "cookies"));
    let lines = answer.set_cookies();
    assert_eq!(lines[..lines.len() - 1], lab::FOREIGN);
    let ours = lines[lines.len() - 1];
    assert!(ours.starts_with("session="), "{ours}");
    assert_ne!(ours, lab::OWN);
    assert_eq!(browser.get("/api/session/cookies").await.body, "true");
}

async fn s20_the_middleware_twice_is_the_middleware_once(stage: Stage) {
    let browser = stage.browser().await;
    for visits in ["1", "2", "3"] {
        let loads = stage.probe.loads();
        let answer = browser.get("/lab/twice").await;
        assert_eq!((answer.status, &*answer.body), (200, visits));
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!(answer.header("vary"), "Cookie");
        assert!(stage.probe.loads() <= loads + 1);
    }
    assert_eq!(browser.get("/api/session/visits").await.body, "3");
}

async fn a_session_that_is_only_read_sets_no_cookie(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let writes = stage.probe.writes();
    for _ in 0..3 {
        let answer = browser.get("/api/session/a").await;
        assert_eq!(answer.status, 200);
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(stage.probe.writes(), writes);
}
