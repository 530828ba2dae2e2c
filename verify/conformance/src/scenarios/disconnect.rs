//! Clients that hang up before the response.

use std::time::Duration;

use serde_json::json;
use test_support::probe::Hold;
use test_support::until;

use crate::fixture::Fixture;
use crate::raw_connection::{RawConnection, request};
use crate::scenario::scenarios;

scenarios! {
    hanging_up_on_a_slow_handler_is_harmless,
    hanging_up_before_the_handler_ends_saves_nothing needs STORE,
    hanging_up_while_the_session_loads_saves_nothing needs STORE,
    hanging_up_during_a_save_does_not_stop_it needs STORE,
    s06_hanging_up_during_regenerate_leaves_one_record needs STORE,
}

/// A server either drops the handler before it writes, or finishes it and saves its session.
async fn hanging_up_on_a_slow_handler_is_harmless(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let loads = fixture.probe.loads();
    let mut connection = RawConnection::open(&server.base).await;
    connection
        .write(request("PUT", "/api/slow/late?ms=200", &[&cookie], "1"))
        .await;
    until(|| fixture.probe.loads() > loads).await;
    drop(connection);
    // This request starts later and takes longer than the abandoned one.
    browser.put("/api/slow/b?ms=300", "2").await;
    // With the cookie driver, a session that no client receives is lost.
    let is_saved = fixture.adapter.finishes_abandoned_handlers() && fixture.is_server_side();
    let expected = match is_saved {
        true => json!({ "a": 1, "b": 2, "late": 1 }),
        false => json!({ "a": 1, "b": 2 }),
    };
    assert_eq!(browser.session().await["data"], expected);
}

/// The handler has written and regenerated the session, but it never answers.
async fn hanging_up_before_the_handler_ends_saves_nothing(fixture: Fixture) {
    let server = fixture.serve().await;
    for browser in [server.browser(), server.http2_browser()] {
        browser.put("/api/session/a", "1").await;
        browser.put("/api/flash/notice", "1").await;
        let (loads, writes) = (fixture.probe.loads(), fixture.probe.writes());
        let tab = browser.clone();
        let stalled = tokio::spawn(async move { tab.get("/lab/stall").await });
        until(|| fixture.probe.loads() > loads).await;
        stalled.abort();
        assert!(stalled.await.unwrap_err().is_cancelled());
        notice_hang_up().await;
        assert_eq!(fixture.probe.writes(), writes);
        let session = browser.session().await;
        assert_eq!(session["data"], json!({ "a": 1 }));
        assert_eq!(session["flash"], json!({ "notice": 1 }));
    }
}

async fn hanging_up_while_the_session_loads_saves_nothing(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let writes = fixture.probe.writes();
    let read = request("GET", "/api/session/a", &[&cookie], "");
    hang_up_during(Hold::Load, &fixture, &server.base, &read).await;
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert_eq!(fixture.probe.writes(), writes);
}

/// For a new session and for an existing one.
async fn hanging_up_during_a_save_does_not_stop_it(fixture: Fixture) {
    let server = fixture.serve().await;
    let create = request("PUT", "/api/session/late", &[], "1");
    hang_up_during(Hold::Save, &fixture, &server.base, &create).await;
    wait_for(async || fixture.backend.record_count() == 1).await;

    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let update = request("PUT", "/api/session/late", &[&cookie], "1");
    hang_up_during(Hold::Save, &fixture, &server.base, &update).await;
    wait_for(async || browser.get("/api/session/late").await.status == 200).await;
}

/// In the middle of the commit, both ids have a record.
async fn s06_hanging_up_during_regenerate_leaves_one_record(fixture: Fixture) {
    let server = fixture.serve().await;
    let browser = server.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    let regenerate = request("POST", "/api/regenerate", &[&cookie], "");
    hang_up_during(Hold::Move, &fixture, &server.base, &regenerate).await;
    // What is left under the old id only says that the session has moved.
    wait_for(async || {
        let replayed = browser.with_cookie("/api/session/a", &cookie).await;
        replayed.status == 404
    })
    .await;
    assert_eq!(fixture.backend.record_count(), 2);
}

/// Sends a request, hangs up while the store holds its call, and then releases the call.
async fn hang_up_during(hold: Hold, fixture: &Fixture, base: &str, request: &str) {
    let mut connection = RawConnection::open(base).await;
    fixture.probe.hold(hold);
    connection.write(request).await;
    fixture.probe.held().await;
    drop(connection);
    notice_hang_up().await;
    fixture.probe.hold(Hold::Nothing);
}

/// A real server needs a moment to notice that the client is gone.
async fn notice_hang_up() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Waits until the rest of a commit is done.
async fn wait_for(is_done: impl AsyncFn() -> bool) {
    let done = async {
        while !is_done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(3), done).await;
    assert!(done.is_ok(), "the commit was not finished");
}
