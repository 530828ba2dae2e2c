//! Flash of requests that overlap: consumed by both it is gone once, added by either it survives. The versions that
//! tell it apart stand behind the stored text, and none comes back (rule 6 of the driver's contract).

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::HashSet;

use session_core::{Outcome, SessionManager, Token};

use crate::common::{Server, ServerExt as _, ask, commit, id_of, json, key_of, open, stored, text};

#[tokio::test(flavor = "multi_thread")]
async fn flash_that_both_requests_saw_is_gone_once() {
    let site = Site::new().await;
    let token = site.flashed("notice", "hi").await;
    let (first, second) = (site.open(&token).await, site.open(&token).await);
    assert_eq!(shown(&first), shown(&second));
    site.commit(&first).await;
    // Someone flashes the same again in between: that is not what the second request consumed.
    let between = site.open(&token).await;
    assert_eq!(shown(&between), "{}");
    between.flash("notice", "hi").unwrap();
    site.commit(&between).await;
    site.commit(&second).await;
    assert_eq!(site.next(&token).await, r#"{"notice":"hi"}"#);
    assert_eq!(site.next(&token).await, "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flash_that_either_request_added_survives() {
    let site = Site::new().await;
    let token = stored(&site.manager, "user", 1).await;
    let (first, second) = (site.open(&token).await, site.open(&token).await);
    first.flash("a", 1).unwrap();
    second.flash("b", 2).unwrap();
    site.commit(&first).await;
    site.commit(&second).await;
    assert_eq!(site.next(&token).await, r#"{"a":1,"b":2}"#);
    assert_eq!(site.next(&token).await, "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flash_that_both_requests_added_with_the_same_text_is_shown_once() {
    let site = Site::new().await;
    let token = stored(&site.manager, "user", 1).await;
    let (first, second) = (site.open(&token).await, site.open(&token).await);
    first.flash("notice", "hi").unwrap();
    second.flash("notice", "hi").unwrap();
    site.commit(&first).await;
    site.commit(&second).await;
    assert_eq!(site.next(&token).await, r#"{"notice":"hi"}"#);
    assert_eq!(site.next(&token).await, "{}");
}

/// The record that a reflash stores is the same JSON as before, but not the same version: the slower request
/// consumed the flash of the version that it saw.
#[tokio::test(flavor = "multi_thread")]
async fn flash_that_one_request_kept_survives_the_other_that_consumed_it() {
    let site = Site::new().await;
    let token = site.flashed("notice", "hi").await;
    let (keeps, consumes) = (site.open(&token).await, site.open(&token).await);
    let before = site.text(&token).await;
    keeps.reflash().unwrap();
    site.commit(&keeps).await;
    let after = site.text(&token).await;
    assert_eq!(json(Some(before.clone())), json(Some(after.clone())));
    assert_ne!(before, after, "the version came back");
    site.commit(&consumes).await;
    assert_eq!(site.next(&token).await, r#"{"notice":"hi"}"#);
    assert_eq!(site.next(&token).await, "{}");
}

/// Also in the other order: first consumed, then kept.
#[tokio::test(flavor = "multi_thread")]
async fn flash_that_one_request_consumed_survives_if_the_other_kept_it() {
    let site = Site::new().await;
    let token = site.flashed("notice", "hi").await;
    let (keeps, consumes) = (site.open(&token).await, site.open(&token).await);
    keeps.reflash().unwrap();
    site.commit(&consumes).await;
    site.commit(&keeps).await;
    assert_eq!(site.next(&token).await, r#"{"notice":"hi"}"#);
    assert_eq!(site.next(&token).await, "{}");
}

/// Saved as it was, or changed and changed back, by one process or by two.
#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_stored_twice() {
    let server = Server::start();
    // Each has its own connections and counts for itself, as two processes do.
    let sites = [Site::over(&server).await, Site::over(&server).await];
    let token = sites[0].flashed("notice", "hi").await;
    let mut texts = HashSet::from([sites[0].text(&token).await]);
    for n in 0..500 {
        let site = &sites[n % 2];
        let session = site.open(&token).await;
        session.reflash().unwrap();
        if n % 3 == 0 {
            session.put("user", n / 3 % 2).unwrap();
        }
        site.commit(&session).await;
        assert!(texts.insert(site.text(&token).await), "save {n}");
    }
}

/// A manager over a server, and a client to look behind it.
struct Site {
    _server: Option<Server>,
    manager: SessionManager,
    client: fred::clients::Client,
}

impl Site {
    async fn new() -> Self {
        let server = Server::start();
        let mut site = Self::over(&server).await;
        site._server = Some(server);
        site
    }

    async fn over(server: &Server) -> Self {
        Self {
            _server: None,
            manager: server.manager().await,
            client: server.client().await,
        }
    }

    async fn flashed(&self, name: &str, value: &str) -> Token {
        let session = self.manager.open(None).await.unwrap();
        session.put("user", 1).unwrap();
        session.flash(name, value).unwrap();
        commit(&self.manager, &session).await
    }

    async fn open(&self, token: &Token) -> session_core::Session {
        open(&self.manager, token).await
    }

    async fn commit(&self, session: &session_core::Session) {
        let outcome = self.manager.commit(session).await.unwrap();
        assert!(matches!(outcome, Outcome::Set(_)), "{outcome:?}");
    }

    /// What the next request is shown, as JSON.
    async fn next(&self, token: &Token) -> String {
        let session = self.open(token).await;
        self.manager.commit(&session).await.unwrap();
        shown(&session)
    }

    async fn text(&self, token: &Token) -> String {
        text(&self.client, &key_of(token)).await.unwrap()
    }
}

fn shown(session: &session_core::Session) -> String {
    session.all_flash().to_json()
}

/// What the crate's page says of other software that writes the very same text again: the data is right, and its flash
/// counts as shown.
#[tokio::test]
async fn the_same_text_of_other_software_is_the_same_version() {
    let server = Server::start();
    let (manager, client) = (server.manager().await, server.client().await);
    let token = stored(&manager, "user", 42).await;
    let (key, id) = (key_of(&token), id_of(&token));
    let text = format!(r#"{{"id":"{id}","data":{{"user":42}},"flash_next":{{"notice":"hi"}}}}"#);
    let write = async || {
        let () = ask(&client, &["SET", &key, &text, "PX", "60000"]).await;
    };
    write().await;
    let [slow, fast] = [open(&manager, &token).await, open(&manager, &token).await];
    slow.put("slow", 1).unwrap();
    fast.put("fast", 1).unwrap();
    manager.commit(&fast).await.unwrap();
    write().await;
    manager.commit(&slow).await.unwrap();
    let next = open(&manager, &token).await;
    assert_eq!(next.all().to_json(), r#"{"slow":1,"user":42}"#);
    assert!(next.all_flash().is_empty());
}
