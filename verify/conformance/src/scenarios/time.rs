//! Renewal, expiry, and the end that no activity puts off. The clock is moved; nothing waits.

use std::time::Duration;

use session_core::Renewal;
use test_support::http::{Answer, Browser};

use crate::scenario::{Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s09_a_session_ends_after_its_lifetime_without_use),
    scenario!(s11_an_expired_cookie_is_refused_for_ever),
    scenario!(once_half_the_lifetime_is_spent_reading_renews),
    scenario!(renewal_may_be_left_to_writes),
    scenario!(renewal_may_come_with_every_request),
    scenario!(s10_the_absolute_lifetime_holds_despite_activity),
];

/// What a browser gets of the value that was put.
async fn read(browser: &Browser) -> Answer {
    browser.get("/api/session/a").await
}

/// The seconds of the cookie that was set.
#[track_caller]
fn max_age(answer: &Answer) -> u64 {
    let (_, attributes) = answer.set_cookie();
    let (_, age) = attributes.rsplit_once("Max-Age=").unwrap();
    age.parse().unwrap()
}

async fn s09_a_session_ends_after_its_lifetime_without_use(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    let id = browser.id().await;
    stage.advance(59 * MINUTE);
    assert_eq!(read(&browser).await.body, "1");
    stage.advance(61 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
    let session = browser.session().await;
    assert_eq!(session["new"], true);
    assert_ne!(session["id"], *id);
}

/// Its signature is intact, and stays so.
async fn s11_an_expired_cookie_is_refused_for_ever(stage: Stage) {
    let browser = stage.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    for _ in 0..3 {
        stage.advance(121 * MINUTE);
        let replayed = browser.with_cookie("/api/session/a", &cookie).await;
        assert_eq!(replayed.status, 404);
        assert!(replayed.set_cookies().is_empty());
    }
}

async fn once_half_the_lifetime_is_spent_reading_renews(stage: Stage) {
    let browser = stage.browser().await;
    browser.put("/api/session/a", "1").await;
    stage.advance(59 * MINUTE);
    assert!(read(&browser).await.set_cookies().is_empty());
    stage.advance(2 * MINUTE);
    let renewed = read(&browser).await;
    assert_eq!((renewed.status, max_age(&renewed)), (200, 7200));
    stage.advance(59 * MINUTE);
    // It would have ended by now.
    assert_eq!(read(&browser).await.body, "1");
    stage.advance(62 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
}

async fn renewal_may_be_left_to_writes(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.renewal(Renewal::OnWrite))
        .await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    stage.advance(90 * MINUTE);
    let answer = read(&browser).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 0));
    let written = browser.put("/api/session/b", "1").await;
    assert_eq!(max_age(&written), 7200);
    stage.advance(90 * MINUTE);
    assert_eq!(read(&browser).await.status, 200);
    stage.advance(31 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
}

async fn renewal_may_come_with_every_request(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.renewal(Renewal::Always))
        .await;
    let browser = site.browser();
    browser.put("/api/session/a", "1").await;
    for path in ["/api/session/a", "/api/untouched", "/nothing"] {
        stage.advance(MINUTE);
        assert_eq!(max_age(&browser.get(path).await), 7200, "{path}");
    }
}

async fn s10_the_absolute_lifetime_holds_despite_activity(stage: Stage) {
    let site = stage
        .serve_with(|builder| builder.absolute_lifetime(180 * MINUTE))
        .await;
    let browser = site.browser();
    let mut left = 180_u64 * 60;
    browser.put("/api/session/a", "1").await;
    for _ in 0..17 {
        stage.advance(10 * MINUTE);
        left -= 10 * 60;
        let written = browser.put("/api/session/b", "1").await;
        assert_eq!(max_age(&written), left.min(7200));
        assert_eq!(read(&browser).await.body, "1");
    }
    stage.advance(10 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
    let late = browser.put("/api/session/b", "1").await;
    assert_eq!(max_age(&late), 7200, "a new session has a new life");
    assert_eq!(read(&browser).await.status, 404);
}

const MINUTE: Duration = Duration::from_secs(60);
