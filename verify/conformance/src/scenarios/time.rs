//! Expiry and renewal, with a clock that moves on demand.

use std::time::Duration;

use session_core::{Builder, Renewal};
use test_support::http::{Answer, Browser};

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    s09_an_idle_session_expires,
    s11_an_expired_cookie_is_refused_forever,
    use_renews_a_session_once_a_tenth_of_its_lifetime_is_spent,
    renewal_can_be_limited_to_writes,
    renewal_can_happen_on_every_request,
    s10_the_absolute_lifetime_ends_an_active_session,
}

/// Opens a browser whose session has 1 under `a`.
async fn ada(fixture: &Fixture, set: impl FnOnce(Builder) -> Builder) -> Browser {
    let browser = fixture.serve_with(set).await.browser();
    browser.put("/api/session/a", "1").await;
    browser
}

async fn read(browser: &Browser) -> Answer {
    browser.get("/api/session/a").await
}

/// Returns the Max-Age of the response's cookie, in seconds.
#[track_caller]
fn max_age(answer: &Answer) -> u64 {
    let (_, attributes) = answer.set_cookie();
    let (_, age) = attributes.rsplit_once("Max-Age=").unwrap();
    age.parse().unwrap()
}

async fn s09_an_idle_session_expires(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder).await;
    let id = browser.id().await;
    fixture.advance(11 * MINUTE);
    assert_eq!(read(&browser).await.body, "1");
    fixture.advance(109 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
    let session = browser.session().await;
    assert_eq!(session["new"], true);
    assert_ne!(session["id"], *id);
}

/// Its signature stays valid.
async fn s11_an_expired_cookie_is_refused_forever(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder).await;
    let cookie = browser.cookie("/").unwrap();
    for _ in 0..3 {
        fixture.advance(121 * MINUTE);
        let replayed = browser.with_cookie("/api/session/a", &cookie).await;
        assert_eq!(replayed.status, 404);
        assert!(replayed.set_cookies().is_empty());
    }
}

async fn use_renews_a_session_once_a_tenth_of_its_lifetime_is_spent(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder).await;
    fixture.advance(11 * MINUTE);
    assert!(read(&browser).await.set_cookies().is_empty());
    fixture.advance(2 * MINUTE);
    let renewed = read(&browser).await;
    assert_eq!((renewed.status, max_age(&renewed)), (200, 7200));
    fixture.advance(108 * MINUTE);
    // Without the renewal it would be over.
    let renewed = browser.put("/api/session/a", "2").await;
    assert_eq!(max_age(&renewed), 7200);
    fixture.advance(119 * MINUTE);
    assert_eq!(read(&browser).await.body, "2");
    fixture.advance(121 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
}

async fn renewal_can_be_limited_to_writes(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder.renewal(Renewal::OnWrite)).await;
    fixture.advance(90 * MINUTE);
    let answer = read(&browser).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 0));
    let written = browser.put("/api/session/b", "1").await;
    assert_eq!(max_age(&written), 7200);
    fixture.advance(90 * MINUTE);
    assert_eq!(read(&browser).await.status, 200);
    fixture.advance(31 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
}

async fn renewal_can_happen_on_every_request(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder.renewal(Renewal::Always)).await;
    for path in ["/api/session/a", "/api/untouched", "/nothing"] {
        fixture.advance(MINUTE);
        assert_eq!(max_age(&browser.get(path).await), 7200, "{path}");
    }
}

async fn s10_the_absolute_lifetime_ends_an_active_session(fixture: Fixture) {
    let browser = ada(&fixture, |builder| builder.absolute_lifetime(180 * MINUTE)).await;
    let mut left = 180_u64 * 60;
    for _ in 0..11 {
        fixture.advance(15 * MINUTE);
        left -= 15 * 60;
        let written = browser.put("/api/session/b", "1").await;
        if left > 7200 - 15 * 60 || !fixture.is_server_side() {
            assert_eq!(max_age(&written), left.min(7200));
        }
        assert_eq!(read(&browser).await.body, "1");
    }
    fixture.advance(15 * MINUTE);
    assert_eq!(read(&browser).await.status, 404);
    let late = browser.put("/api/session/b", "1").await;
    assert_eq!(max_age(&late), 7200, "a new session has its own lifetime");
    assert_eq!(read(&browser).await.status, 404);
}

const MINUTE: Duration = Duration::from_secs(60);
