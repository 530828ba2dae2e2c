//! Remember me: a session's own lifetime, in a cookie that outlives the browser.

use std::time::Duration;

use session_core::CookieOptions;
use test_support::http::{Answer, Browser};

use crate::fixture::{Fixture, plain_cookie};
use crate::scenario::scenarios;

scenarios! {
    a_remembered_login_outlives_the_browser,
    forgetting_brings_back_a_cookie_that_ends_with_the_browser,
    a_new_id_keeps_the_lifetime,
    impossible_lifetimes_are_refused,
}

/// Opens a browser at a service whose cookies end with the browser.
async fn browser(fixture: &Fixture) -> Browser {
    let cookie: CookieOptions = plain_cookie().persistent(false);
    let server = fixture.serve_with(|builder| builder.cookie(cookie)).await;
    server.browser()
}

#[track_caller]
fn max_age(answer: &Answer) -> Option<u64> {
    let (_, attributes) = answer.set_cookie();
    let (_, age) = attributes.rsplit_once("Max-Age=")?;
    age.parse().ok()
}

async fn a_remembered_login_outlives_the_browser(fixture: Fixture) {
    let browser = browser(&fixture).await;
    let login = browser.form("/login", &[("name", "Ada")]).await;
    assert_eq!(max_age(&login), None);
    let login = browser
        .form("/login", &[("name", "Ada"), ("remember", "on")])
        .await;
    assert_eq!(max_age(&login), Some(30 * 24 * 60 * 60));
    fixture.advance(20 * DAY);
    let visit = browser.get("/api/session/user").await;
    assert_eq!(visit.status, 200);
    assert_eq!(max_age(&visit), Some(30 * 24 * 60 * 60), "it is renewed");
    fixture.advance(30 * DAY);
    assert_eq!(browser.get("/api/session/user").await.status, 404);
}

async fn forgetting_brings_back_a_cookie_that_ends_with_the_browser(fixture: Fixture) {
    let browser = browser(&fixture).await;
    browser.put("/api/session/a", "1").await;
    let remembered = browser.post("/api/remember?days=7", "").await;
    assert_eq!(
        (remembered.status, max_age(&remembered)),
        (204, Some(7 * 24 * 60 * 60))
    );
    let forgotten = browser.post("/api/forget-me", "").await;
    assert_eq!((forgotten.status, max_age(&forgotten)), (204, None));
    let again = browser.post("/api/forget-me", "").await;
    assert!(again.set_cookies().is_empty(), "there is nothing to forget");
    fixture.advance(Duration::from_secs(121 * 60));
    assert_eq!(browser.get("/api/session/a").await.status, 404);
}

async fn a_new_id_keeps_the_lifetime(fixture: Fixture) {
    let browser = browser(&fixture).await;
    browser.post("/api/remember?days=7", "").await;
    let renewed = browser.post("/api/regenerate", "").await;
    assert_eq!(max_age(&renewed), Some(7 * 24 * 60 * 60));
    browser.form("/logout", &[]).await;
    let next = browser.put("/api/session/a", "1").await;
    assert!(
        next.set_cookies().is_empty() || max_age(&next).is_none(),
        "{next}"
    );
}

async fn impossible_lifetimes_are_refused(fixture: Fixture) {
    let browser = browser(&fixture).await;
    for days in ["0", "-1", "3651", "x", "", "1e3"] {
        let answer = browser
            .post(&format!("/api/remember?days={days}"), "")
            .await;
        assert_eq!(answer.status, 400, "{days}");
        assert!(answer.set_cookies().is_empty());
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
