//! More than one server, and secrets that change.

use session_core::{KeyRing, Secret};

use crate::scenario::{Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(servers_with_the_same_secret_and_store_share_sessions),
    scenario!(a_server_with_another_secret_does_not_know_them),
    scenario!(a_cookie_under_the_old_secret_is_issued_again_under_the_new_one),
];

async fn servers_with_the_same_secret_and_store_share_sessions(stage: Stage) {
    let (one, other) = (stage.serve().await, stage.serve().await);
    let browser = one.browser();
    browser.put("/api/session/name", r#""Ada""#).await;
    let at_other = browser.at(&other.base);
    assert_eq!(at_other.get("/api/session/name").await.body, r#""Ada""#);
    at_other.put("/api/flash/notice", "1").await;
    assert_eq!(browser.session().await["flash"]["notice"], 1);
}

async fn a_server_with_another_secret_does_not_know_them(stage: Stage) {
    let site = stage.serve().await;
    let other = Secret::generate().unwrap();
    let other = stage.serve_signed(other, |builder| builder).await;
    let browser = site.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let stranger = other.browser().with_cookie("/api/session/a", &cookie).await;
    assert_eq!((stranger.status, stranger.set_cookies().len()), (404, 0));
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

/// Nobody is logged out, and soon nobody has a cookie of the old secret.
async fn a_cookie_under_the_old_secret_is_issued_again_under_the_new_one(stage: Stage) {
    let new = Secret::generate().unwrap();
    let ring = KeyRing::new(new.clone()).with_previous(stage.secret.clone());
    let before = stage.serve().await;
    let during = stage.serve_signed(ring, |builder| builder).await;
    let after = stage.serve_signed(new, |builder| builder).await;

    let browser = before.browser();
    let old = browser.put("/api/session/a", "1").await.cookie();
    let id = browser.id().await;
    let browser = browser.at(&during.base);
    let read = browser.get("/api/session/a").await;
    assert_eq!((read.status, &*read.body), (200, "1"));
    assert_ne!(read.cookie(), old);
    assert_eq!(read.header("cache-control"), "no-store");
    // Once is enough.
    let again = browser.get("/api/session/a").await;
    assert_eq!((again.status, again.set_cookies().len()), (200, 0));

    let browser = browser.at(&after.base);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert_eq!(browser.id().await, id);
    let late = browser.with_cookie("/api/session/a", &old).await;
    assert_eq!(late.status, 404);
}
