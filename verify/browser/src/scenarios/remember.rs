//! "Remember me", across a restart of the browser.

use crate::browser::Browser;
use crate::page::Page;
use crate::scenario::{Scenario, scenario};
use crate::setup::{LOOPBACK, Setup};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(with_remember_me_a_login_survives_a_restart_of_the_browser),
    scenario!(without_remember_me_a_login_ends_with_the_browser),
];

async fn with_remember_me_a_login_survives_a_restart_of_the_browser(setup: Setup) {
    let [before, after] = restart(&setup, true).await;
    // At most a second is lost to rounding.
    let days = before.days_left.unwrap();
    assert!((29.99..=30.01).contains(&days), "{days}");
    assert!(after.page.is_logged_in());
    assert_eq!((&after.page.id, after.page.visits), (&before.page.id, 3));
    assert_eq!(after.page.greeting, "Hello, Ada");
    assert!(after.days_left.is_some(), "it is still remembered");
}

async fn without_remember_me_a_login_ends_with_the_browser(setup: Setup) {
    let [before, after] = restart(&setup, false).await;
    assert_eq!(before.days_left, None, "a cookie of the browser's session");
    assert!(!after.page.is_logged_in());
    assert_eq!(
        (&*after.page.greeting, after.page.visits),
        ("Hello, stranger", 1)
    );
    assert_ne!(after.page.id, before.page.id);
}

/// The page, and for how long the browser keeps the cookie.
struct Seen {
    page: Page,
    days_left: Option<f64>,
}

/// Logs in, restarts the browser with the same profile, and opens the page again. Returns what was there before and after.
///
/// Without "remember me", the playground's cookie ends with the browser's session.
async fn restart(setup: &Setup, remember: bool) -> [Seen; 2] {
    let server = setup.serve(&[("PERSISTENT_COOKIE", "false")]).await;
    let (url, profile) = (server.at(LOOPBACK), setup.chromium.profile());
    let browser = setup.browser_with(&profile).await;
    browser.visit(&url).await;
    if remember {
        browser.tick(r#"input[name="remember"]"#).await;
    }
    browser.submit("/login", &[("name", "Ada")]).await;
    let before = Seen::in_browser(&browser).await;
    assert!(before.page.is_logged_in());
    browser.quit().await.unwrap();

    let browser = setup.browser_with(&profile).await;
    browser.visit(&url).await;
    [before, Seen::in_browser(&browser).await]
}

impl Seen {
    async fn in_browser(browser: &Browser) -> Self {
        let now: f64 = browser.run("return Date.now() / 1000").await;
        let expires = browser.cookie().await.expires;
        Self {
            page: browser.page().await,
            days_left: (expires > 0.0).then_some((expires - now) / DAY),
        }
    }
}

/// In seconds.
const DAY: f64 = 24.0 * 60.0 * 60.0;
