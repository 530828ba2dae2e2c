//! Several servers, and secrets that change.

use session_core::{KeyRing, Secret};

use crate::fixture::{Fixture, plain_cookie};
use crate::scenario::scenarios;

scenarios! {
    servers_with_the_same_secret_and_store_share_sessions,
    a_server_with_another_secret_ignores_the_cookie,
    servers_with_different_cookie_names_stay_separate,
    a_cookie_with_an_old_secret_is_reissued,
}

async fn servers_with_the_same_secret_and_store_share_sessions(fixture: Fixture) {
    let (one, other) = (fixture.serve().await, fixture.serve().await);
    let browser = one.browser();
    browser.put("/api/session/name", r#""Ada""#).await;
    let at_other = browser.at(&other.base);
    assert_eq!(at_other.get("/api/session/name").await.body, r#""Ada""#);
    at_other.put("/api/flash/notice", "1").await;
    assert_eq!(browser.session().await["flash"]["notice"], 1);
}

async fn a_server_with_another_secret_ignores_the_cookie(fixture: Fixture) {
    let server = fixture.serve().await;
    let secret = Secret::generate().unwrap();
    let other = fixture.serve_signed(secret, |builder| builder).await;
    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let answer = other.browser().with_cookie("/api/session/a", &cookie).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (404, 0));
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

/// They share a store, and a browser keeps both cookies.
async fn servers_with_different_cookie_names_stay_separate(fixture: Fixture) {
    let web = fixture.serve().await;
    let options = plain_cookie().name("admin");
    let admin = fixture.serve_with(|builder| builder.cookie(options)).await;
    let at_web = web.browser();
    let at_admin = at_web.at(&admin.base);
    at_web.put("/api/session/a", "1").await;
    assert_eq!(at_admin.get("/api/session/a").await.status, 404);
    at_admin.put("/api/session/a", "2").await;
    assert_eq!(at_web.get("/api/session/a").await.body, "1");
    assert_eq!(at_admin.get("/api/session/a").await.body, "2");
}

/// Nobody is logged out, and cookies with the old secret disappear over time.
async fn a_cookie_with_an_old_secret_is_reissued(fixture: Fixture) {
    let new = Secret::generate().unwrap();
    let ring = KeyRing::new(new.clone()).with_previous(fixture.secret.clone());
    let before = fixture.serve().await;
    let during = fixture.serve_signed(ring, |builder| builder).await;
    let after = fixture.serve_signed(new, |builder| builder).await;

    let browser = before.browser();
    let old = browser.put("/api/session/a", "1").await.cookie();
    let id = browser.id().await;
    let browser = browser.at(&during.base);
    let read = browser.get("/api/session/a").await;
    assert_eq!((read.status, &*read.body), (200, "1"));
    assert_ne!(read.cookie(), old);
    assert_eq!(read.header("cache-control"), "no-store");
    let again = browser.get("/api/session/a").await;
    assert_eq!((again.status, again.set_cookies().len()), (200, 0));

    let browser = browser.at(&after.base);
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert_eq!(browser.id().await, id);
    let late = browser.with_cookie("/api/session/a", &old).await;
    assert_eq!(late.status, 404);
}
