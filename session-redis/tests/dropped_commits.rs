//! A commit whose future is dropped half way, because the client went away.
//!
//! Of the bare future of `SessionManager::commit` little can be promised, as its documentation says: what the store
//! holds is what was there before, what the commit wanted, or, of a regenerate, both. It never holds neither, and
//! never half a record. With the layer of `session-tower`, as with every adapter, the rest of the commit is run to
//! its end: once begun it completes.
//!
//! One thread runs everything: on two, an answer may be there before the poll in which its command was sent has ended, and
//! then there is nothing left to drop.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use fred::prelude::*;
use http::{Request, Response};
use session_core::{Session, SessionManager, Token};
use session_tower::SessionLayer;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::common::{Server, ServerExt as _, ask, json, key_of, keys, open, stored, text};

/// Dropped at once, or after so many polls: a regenerate has two waits in it.
const POLLS: std::ops::Range<u32> = 0..6;
const ROUNDS: u32 = 20;

#[tokio::test]
async fn a_commit_that_was_begun_completes_within_the_layer() {
    let site = Site::new().await;
    let (mut cut, mut whole) = (0, 0);
    for n in rounds() {
        let token = site.token().await;
        let is_cut = site
            .request(&token, n, |session| session.put("late", 1).unwrap())
            .await;
        *(if is_cut { &mut cut } else { &mut whole }) += 1;
        site.until("the write is stored", async || {
            json(text(&site.client, &key_of(&token)).await)["data"]["late"] == 1
        })
        .await;
    }
    println!("{cut} commits were cut and completed, {whole} were faster");
    assert!(cut >= ROUNDS / 2, "nothing was shown: {cut}");
}

#[tokio::test]
async fn a_regenerate_that_was_begun_completes_within_the_layer() {
    let site = Site::new().await;
    let (mut cut, mut whole) = (0, 0);
    for n in rounds() {
        let token = site.token().await;
        let is_cut = site
            .request(&token, n, |session| {
                session.regenerate().unwrap();
                session.put("late", 1).unwrap();
            })
            .await;
        *(if is_cut { &mut cut } else { &mut whole }) += 1;
        site.until("the new record is there, and alone", async || {
            let keys = keys(&site.client).await;
            keys.len() == 1 && keys[0] != key_of(&token)
        })
        .await;
        let key = &keys(&site.client).await[0];
        let data = &json(text(&site.client, key).await)["data"];
        assert_eq!(*data, serde_json::json!({"user": 42, "late": 1}));
    }
    println!("{cut} regenerates were cut and completed, {whole} were faster");
    assert!(cut >= ROUNDS / 2, "nothing was shown: {cut}");
}

#[tokio::test]
async fn a_logout_that_was_begun_completes_within_the_layer() {
    let site = Site::new().await;
    let mut cut = 0;
    for n in rounds() {
        let token = site.token().await;
        let logout = |session: &Session| session.destroy().unwrap();
        cut += u32::from(site.request(&token, n, logout).await);
        site.until("the record is gone", async || {
            keys(&site.client).await.is_empty()
        })
        .await;
    }
    assert!(cut >= ROUNDS / 2, "nothing was shown: {cut}");
}

#[tokio::test]
async fn a_bare_commit_that_is_dropped_leaves_the_old_record_or_the_new_one() {
    let site = Site::new().await;
    let mut cut = 0;
    for polls in rounds() {
        let token = site.token().await;
        let session = open(&site.manager, &token).await;
        session.put("late", 1).unwrap();
        let commit = site.manager.commit(&session);
        cut += u32::from(polled(commit, polls, || true).await);
        let data = json(text(&site.client, &key_of(&token)).await)["data"].clone();
        let (old, new) = (
            serde_json::json!({"user": 42}),
            serde_json::json!({"user": 42, "late": 1}),
        );
        assert!(data == old || data == new, "{data}");
    }
    assert!(cut >= ROUNDS / 2, "nothing was shown: {cut}");
}

#[tokio::test]
async fn a_bare_regenerate_that_is_dropped_leaves_the_old_record_the_new_one_or_both() {
    let site = Site::new().await;
    let mut cut = 0;
    for polls in rounds() {
        let token = site.token().await;
        let session = open(&site.manager, &token).await;
        session.regenerate().unwrap();
        let (old, new) = (
            key_of(&token),
            format!("session:{}", session.id().unwrap().as_str()),
        );
        let commit = site.manager.commit(&session);
        cut += u32::from(polled(commit, polls, || true).await);
        // In one look: between two, a command that is still on its way could move the record.
        let found = keys(&site.client).await;
        assert!(!found.is_empty(), "under neither id");
        for key in found {
            assert!(key == old || key == new, "{key}");
            // It may be gone by now, but what is there is whole.
            if let Some(text) = text(&site.client, &key).await {
                assert_eq!(json(Some(text))["data"], serde_json::json!({"user": 42}));
            }
        }
    }
    assert!(cut >= ROUNDS / 2, "nothing was shown: {cut}");
}

struct Site {
    _server: Server,
    manager: SessionManager,
    client: Client,
}

impl Site {
    async fn new() -> Self {
        let server = Server::start();
        let (manager, client) = (server.manager().await, server.client().await);
        Self {
            _server: server,
            manager,
            client,
        }
    }

    /// The only session there is.
    async fn token(&self) -> Token {
        let () = ask(&self.client, &["FLUSHALL"]).await;
        stored(&self.manager, "user", 42).await
    }

    /// Sends a request through the layer, and drops it so many polls after its handler was done. Says whether
    /// it was still running then.
    async fn request(
        &self,
        token: &Token,
        polls: u32,
        handler: impl Fn(&Session) + Clone + Send + 'static,
    ) -> bool {
        let is_handled = Arc::new(AtomicBool::new(false));
        let handled = is_handled.clone();
        let service = ServiceBuilder::new()
            .layer(SessionLayer::new(self.manager.clone()))
            .service(service_fn(move |_: Request<()>| {
                let (handler, handled) = (handler.clone(), handled.clone());
                async move {
                    handler(&Session::current().unwrap());
                    handled.store(true, Ordering::SeqCst);
                    Ok::<_, Infallible>(Response::new(()))
                }
            }));
        let request = Request::builder()
            .header("cookie", format!("session={}", token.as_str()))
            .body(())
            .unwrap();
        // The poll in which the handler ends is also the one in which the commit begins.
        polled(service.oneshot(request), polls, || {
            is_handled.load(Ordering::SeqCst)
        })
        .await
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let end = Instant::now() + Duration::from_secs(5);
        while !is_so().await {
            assert!(Instant::now() < end, "not within 5 seconds: {what}");
        }
    }
}

/// Polls a future until it has `begun`, so many times more, and drops it. Says whether it was unfinished.
async fn polled<F: Future>(future: F, polls: u32, begun: impl Fn() -> bool) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |cx| {
        if future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        if begun() {
            if left == 0 {
                return Poll::Ready(true);
            }
            left -= 1;
        }
        Poll::Pending
    })
    .await
}

fn rounds() -> impl Iterator<Item = u32> {
    (0..ROUNDS).flat_map(|_| POLLS)
}
