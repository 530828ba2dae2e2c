//! A login is never undone: requests that left with the old cookie arrive after the login.
//!
//! `regenerate` leaves a record under the old id that only says that the session has moved. It lives for the grace. A
//! straggler that finds it reads an empty session, and its writes are dropped. Its response sets no cookie, because that
//! cookie would replace the login.

use std::time::Duration;

use serde_json::json;
use session_core::{Builder, Opening};
use test_support::http::Browser;

use crate::fixture::{Fixture, PlaygroundServer};
use crate::raw_connection::{RawConnection, RawResponse, header};
use crate::scenario::scenarios;
use crate::scenarios::DEVICE;

scenarios! {
    s34_a_straggler_reads_an_empty_session needs REVOCATION,
    a_straggler_cannot_write needs REVOCATION,
    a_straggler_cannot_flash_or_age_flash needs REVOCATION,
    s34_a_straggler_that_logs_in_gets_its_own_session needs REVOCATION,
    a_straggler_cannot_log_the_user_out needs REVOCATION,
    two_stragglers_at_once_change_nothing needs REVOCATION,
    a_straggler_after_the_grace_starts_a_new_session needs REVOCATION,
    stragglers_of_both_old_ids_change_nothing needs REVOCATION,
    without_a_grace_the_old_record_is_removed_at_once needs REVOCATION,
    lazy_stragglers_change_nothing needs REVOCATION,
    a_double_click_logs_the_user_in needs REVOCATION,
    an_overtaken_response_cannot_bring_the_old_id_back needs REVOCATION,
    a_moved_record_has_no_data needs REVOCATION,
    rudderjs_reads_a_moved_record_as_an_empty_session needs SHARED_FORMAT,
}

/// A browser that has logged in, and the cookies before and after.
struct Login {
    server: PlaygroundServer,
    browser: Browser,
    old: String,
    new: String,
}

impl Login {
    /// Puts `[1]` under `cart` as a guest and logs in as Ada.
    async fn new(fixture: &Fixture, set: impl FnOnce(Builder) -> Builder) -> Self {
        let server = fixture.serve_with(set).await;
        let browser = server.browser();
        let old = browser.put("/api/session/cart", "[1]").await.cookie();
        let new = browser.form("/login", &[("name", "Ada")]).await.cookie();
        assert_ne!(old, new);
        Self {
            server,
            browser,
            old,
            new,
        }
    }

    /// Sends a request that still has the old cookie.
    async fn straggle(&self, line: &str, body: &str) -> RawResponse {
        straggle(&self.server.base, &self.old, line, body).await
    }

    /// Checks that the browser is still logged in, with exactly the data of the login.
    async fn assert_stands(&self) {
        assert_eq!(self.browser.cookie("/").as_ref(), Some(&self.new));
        let session = self.browser.session().await;
        assert_eq!(
            session["data"],
            json!({ "cart": [1], "device": DEVICE, "user": "ada" })
        );
    }
}

async fn straggle(base: &str, cookie: &str, line: &str, body: &str) -> RawResponse {
    let mut connection = RawConnection::open(base).await;
    connection
        .write(format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len(),
        ))
        .await;
    connection.response().await
}

#[track_caller]
fn assert_sets_no_cookie(response: &RawResponse, status: u16) {
    assert_eq!(response.status(), status, "{response:?}");
    assert_eq!(header(&response.head, "set-cookie"), None, "{response:?}");
}

/// It sees neither the data nor the id of the new session, so an attacker who planted the old id learns nothing.
async fn s34_a_straggler_reads_an_empty_session(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder).await;
    let id = login.browser.id().await;
    for key in ["cart", "user"] {
        let path = format!("GET /api/session/{key}");
        assert_sets_no_cookie(&login.straggle(&path, "").await, 404);
    }
    let whole = login.straggle("GET /api/session", "").await;
    assert_sets_no_cookie(&whole, 200);
    let session: serde_json::Value = serde_json::from_str(&whole.body).unwrap();
    assert_eq!(session["data"], json!({}));
    assert_eq!(session["flash"], json!({}));
    assert_ne!(session["id"], *id);
    assert_sets_no_cookie(&login.straggle("GET /", "").await, 200);
    login.assert_stands().await;
}

async fn a_straggler_cannot_write(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder).await;
    for line in [
        "PUT /api/session/seen",
        "PUT /api/session/user",
        "PUT /api/slow/seen?ms=10",
        "DELETE /api/session/cart",
        "DELETE /api/session",
    ] {
        assert_sets_no_cookie(&login.straggle(line, "1").await, 204);
    }
    assert_sets_no_cookie(&login.straggle("POST /api/fail/seen", "1").await, 500);
    // Another straggler doesn't see the writes either.
    let read = login.straggle("GET /api/session/seen", "").await;
    assert_sets_no_cookie(&read, 404);
    login.assert_stands().await;
}

async fn a_straggler_cannot_flash_or_age_flash(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder).await;
    login.browser.put("/api/flash/kept", "1").await;
    for line in ["PUT /api/flash/late", "POST /api/reflash"] {
        assert_sets_no_cookie(&login.straggle(line, "1").await, 204);
    }
    assert_sets_no_cookie(&login.straggle("GET /api/untouched", "").await, 200);
    let session = login.browser.session().await;
    assert_eq!(session["flash"], json!({ "kept": 1 }));
    login.assert_stands().await;
}

/// The second click on "log in", or a client that never received the first response. Both sessions live on.
async fn s34_a_straggler_that_logs_in_gets_its_own_session(fixture: Fixture) {
    for (line, expected) in [
        ("POST /login", json!({ "device": DEVICE, "user": "ada" })),
        ("POST /api/regenerate", json!({})),
    ] {
        let login = Login::new(&fixture, |builder| builder).await;
        let second = cookie(&login.straggle(line, "name=Ada").await);
        assert!(![&login.old, &login.new].contains(&&second), "{line}");
        let client = login.server.browser();
        let session = client.with_cookie("/api/session", &second).await.json();
        assert_eq!(session["data"], expected, "{line}");
        assert_eq!(session["new"], false, "{line}: the session is stored");
        login.assert_stands().await;
        // The old cookie stays worthless.
        let read = login.straggle("GET /api/session/user", "").await;
        assert_sets_no_cookie(&read, 404);
    }
}

#[track_caller]
fn cookie(response: &RawResponse) -> String {
    let line = header(&response.head, "set-cookie").unwrap();
    line.split(';').next().unwrap().to_owned()
}

/// A removal would log the user out. After a logout of the old id, later stragglers stay harmless, too.
async fn a_straggler_cannot_log_the_user_out(fixture: Fixture) {
    for (line, status) in [("POST /api/destroy", 204), ("POST /logout", 303)] {
        let login = Login::new(&fixture, |builder| builder).await;
        assert_sets_no_cookie(&login.straggle(line, "").await, status);
        login.assert_stands().await;
        let late = login.straggle("PUT /api/session/seen", "1").await;
        assert_sets_no_cookie(&late, 204);
        login.assert_stands().await;
    }
}

async fn two_stragglers_at_once_change_nothing(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder).await;
    let (one, other) = tokio::join!(
        login.straggle("PUT /api/slow/one?ms=50", "1"),
        login.straggle("PUT /api/slow/other?ms=50", "1"),
    );
    assert_sets_no_cookie(&one, 204);
    assert_sets_no_cookie(&other, 204);
    login.assert_stands().await;
}

/// The grace is over, so the old id is as unknown as any other. The login's session still lives.
async fn a_straggler_after_the_grace_starts_a_new_session(fixture: Fixture) {
    let grace = Duration::from_secs(30);
    let login = Login::new(&fixture, |builder| builder.grace(grace)).await;
    fixture.advance(grace - Duration::from_secs(1));
    let inside = login.straggle("PUT /api/session/seen", "1").await;
    assert_sets_no_cookie(&inside, 204);
    fixture.advance(Duration::from_secs(2));
    let after = login.straggle("PUT /api/session/seen", "1").await;
    let guest = cookie(&after);
    assert!(![&login.old, &login.new].contains(&&guest), "{guest}");
    let client = login.server.browser();
    let session = client.with_cookie("/api/session", &guest).await.json();
    assert_eq!(session["data"], json!({ "seen": 1 }));
    login.assert_stands().await;
}

/// Each regenerate moves the session again.
async fn stragglers_of_both_old_ids_change_nothing(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder).await;
    let newest = login.browser.post("/api/regenerate", "").await.cookie();
    for old in [&login.old, &login.new] {
        for line in ["PUT /api/session/seen", "DELETE /api/session"] {
            let late = straggle(&login.server.base, old, line, "1").await;
            assert_sets_no_cookie(&late, 204);
        }
        let read = straggle(&login.server.base, old, "GET /api/session/user", "").await;
        assert_sets_no_cookie(&read, 404);
    }
    let login = Login {
        new: newest,
        ..login
    };
    login.assert_stands().await;
}

async fn without_a_grace_the_old_record_is_removed_at_once(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder.grace(Duration::ZERO)).await;
    assert_eq!(fixture.backend.record_count(), 1);
    assert_sets_no_cookie(&login.straggle("GET /api/session/cart", "").await, 404);
    let written = login.straggle("PUT /api/session/seen", "1").await;
    assert!(![&login.old, &login.new].contains(&&cookie(&written)));
    login.assert_stands().await;
}

async fn lazy_stragglers_change_nothing(fixture: Fixture) {
    let login = Login::new(&fixture, |builder| builder.opening(Opening::Lazy)).await;
    let loads = fixture.probe.loads();
    assert_sets_no_cookie(&login.straggle("GET /api/untouched", "").await, 200);
    assert_eq!(fixture.probe.loads(), loads);
    for (line, status) in [
        ("GET /api/session/cart", 404),
        ("GET /api/session", 200),
        ("PUT /api/session/seen", 204),
        ("PUT /api/flash/late", 204),
        ("POST /api/destroy", 204),
        ("PUT /api/session/seen", 204),
    ] {
        assert_sets_no_cookie(&login.straggle(line, "1").await, status);
    }
    login.assert_stands().await;
}

/// The responses can arrive in either order. The second session can lack the guest's data, but not the user.
async fn a_double_click_logs_the_user_in(fixture: Fixture) {
    let browser = fixture.browser().await;
    for _ in 0..10 {
        browser.post("/api/destroy", "").await;
        browser.put("/api/session/cart", "[1]").await;
        let click = || browser.form("/login", &[("name", "Ada")]);
        let (one, other) = tokio::join!(click(), click());
        assert_eq!((one.status, other.status), (303, 303));
        assert_eq!(browser.session().await["data"]["user"], "ada");
    }
}

/// A response to an earlier request would replace the login's cookie if it repeated its own token. Only a renewal needs
/// that, and none is due here.
async fn an_overtaken_response_cannot_bring_the_old_id_back(fixture: Fixture) {
    let browser = fixture.browser().await;
    browser.put("/api/session/cart", "[1]").await;
    for line in ["/api/session/a", "/api/flash/a"] {
        let overtaken = browser.put(line, "1").await;
        assert!(overtaken.set_cookies().is_empty(), "{overtaken}");
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn a_moved_record_has_no_data(fixture: Fixture) {
    let (_, old) = log_in_and_get_ids(&fixture).await;
    assert_eq!(fixture.backend.record_count(), 2);
    let loaded = fixture.backend.driver().load(&old).await.unwrap();
    let record = loaded.unwrap().record;
    assert_eq!(record.id().as_str(), old);
    assert_eq!(record.data().to_json(), "{}");
    assert_eq!(record.flash_next().to_json(), "{}");
}

/// It is an ordinary record for a program that doesn't know moved records.
async fn rudderjs_reads_a_moved_record_as_an_empty_session(fixture: Fixture) {
    let (new, old) = log_in_and_get_ids(&fixture).await;
    let json = fixture.backend.stored_json(&old);
    assert!(!json.contains(&new), "{json}");
    let moved: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(moved["id"], *old);
    assert_eq!(moved["data"], json!({}));
    assert_eq!(moved["flash_next"], json!({}));
}

/// Logs in, and returns the new and the old id.
async fn log_in_and_get_ids(fixture: &Fixture) -> (String, String) {
    let browser = fixture.browser().await;
    browser.put("/api/session/cart", "[1]").await;
    let old = browser.id().await;
    browser.form("/login", &[("name", "Ada")]).await;
    (browser.id().await, old)
}
