//! A request that ends after its session did, one case at a time.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{Outcome, SessionManager, Token};
use tokio::sync::Barrier;

use crate::common::{
    Log, Server, ServerExt as _, age, ask, commit, id_of, json, key_of, keys, open, stored, text,
};

/// A manager over a server of its own, a client to look behind it, and one session.
struct Site {
    _server: Server,
    manager: SessionManager,
    client: Client,
    token: Token,
}

impl Site {
    async fn new() -> Self {
        let server = Server::start();
        let (manager, client) = (server.manager().await, server.client().await);
        let token = stored(&manager, "user", 42).await;
        Self {
            _server: server,
            manager,
            client,
            token,
        }
    }

    /// Lets a slow request write, and asserts that nothing comes of it but a line in the log.
    async fn assert_dropped_after(&self, end: impl AsyncFnOnce()) {
        let slow = open(&self.manager, &self.token).await;
        slow.put("late", 1).unwrap();
        end().await;
        let before = keys(&self.client).await;
        assert!(!before.contains(&key_of(&self.token)));
        let log = Log::capture();
        assert_eq!(self.manager.commit(&slow).await.unwrap(), Outcome::Keep);
        let id = &id_of(&self.token)[..8];
        let line =
            format!("WARN session: late write dropped: the session ended meanwhile id=\"{id}\"");
        assert_eq!(log.take(), [line]);
        assert_eq!(keys(&self.client).await, before);
        assert!(open(&self.manager, &self.token).await.is_new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_the_logout_is_dropped() {
    let site = Site::new().await;
    site.assert_dropped_after(async || {
        let session = open(&site.manager, &site.token).await;
        session.destroy().unwrap();
        assert_eq!(site.manager.commit(&session).await.unwrap(), Outcome::Clear);
    })
    .await;
    assert_eq!(keys(&site.client).await, [""; 0]);
}

/// The login gives the session a new id. The slow request of the guest would bring the guest's record back, and its
/// cookie would overwrite that of the login.
#[tokio::test(flavor = "multi_thread")]
async fn a_guests_write_after_the_login_neither_revives_the_guest_nor_sets_a_cookie() {
    let site = Site::new().await;
    let login = open(&site.manager, &site.token).await;
    site.assert_dropped_after(async || {
        login.regenerate().unwrap();
        login.put("user", "ada").unwrap();
        let token = commit(&site.manager, &login).await;
        assert_ne!(token, site.token);
    })
    .await;
    let [key] = &keys(&site.client).await[..] else {
        panic!("the login's record alone");
    };
    let record = json(text(&site.client, key).await);
    assert_eq!(record["data"], serde_json::json!({"user": "ada"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_the_expiry_is_dropped() {
    let site = Site::new().await;
    let key = key_of(&site.token);
    site.assert_dropped_after(async || {
        let _: i64 = ask(&site.client, &["PEXPIRE", &key, "1"]).await;
        let end = Instant::now() + Duration::from_secs(5);
        while text(&site.client, &key).await.is_some() {
            assert!(Instant::now() < end, "it does not expire");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_flushdb_is_dropped() {
    let site = Site::new().await;
    site.assert_dropped_after(async || ask(&site.client, &["FLUSHDB"]).await)
        .await;
}

/// As an eviction, or an administrator.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_del_is_dropped() {
    let site = Site::new().await;
    let key = key_of(&site.token);
    site.assert_dropped_after(async || ask(&site.client, &["DEL", &key]).await)
        .await;
}

/// The slow request renews the session, which is no write: it sets no cookie either.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_after_the_logout_is_dropped() {
    let site = Site::new().await;
    let key = key_of(&site.token);
    age(&site.client, &key).await;
    let slow = open(&site.manager, &site.token).await;
    let logout = open(&site.manager, &site.token).await;
    logout.destroy().unwrap();
    assert_eq!(site.manager.commit(&logout).await.unwrap(), Outcome::Clear);
    assert_eq!(site.manager.commit(&slow).await.unwrap(), Outcome::Keep);
    assert_eq!(keys(&site.client).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerate_after_the_logout_does_not_live_on() {
    let site = Site::new().await;
    site.assert_dropped_after(async || {
        let logout = open(&site.manager, &site.token).await;
        logout.destroy().unwrap();
        assert_eq!(site.manager.commit(&logout).await.unwrap(), Outcome::Clear);
    })
    .await;
    let token = stored(&site.manager, "user", 42).await;
    let slow = open(&site.manager, &token).await;
    slow.regenerate().unwrap();
    slow.put("late", 1).unwrap();
    let logout = open(&site.manager, &token).await;
    logout.destroy().unwrap();
    assert_eq!(site.manager.commit(&logout).await.unwrap(), Outcome::Clear);
    assert_eq!(site.manager.commit(&slow).await.unwrap(), Outcome::Keep);
    assert_eq!(keys(&site.client).await, [""; 0]);
}

/// Both commits begin at the same moment. Whoever is faster, a write that was acknowledged is in the record that
/// remains, and one that came too late was not acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_acknowledged_moves_to_the_new_id() {
    let site = Site::new().await;
    let (mut moved, mut late) = (0, 0);
    let mut token = site.token.clone();
    for n in 0..500 {
        let (login, write) = (
            open(&site.manager, &token).await,
            open(&site.manager, &token).await,
        );
        login.regenerate().unwrap();
        write.put("write", n).unwrap();
        let start = Barrier::new(2);
        let (new, written) = tokio::join!(
            async {
                start.wait().await;
                site.manager.commit(&login).await.unwrap()
            },
            async {
                start.wait().await;
                // Sometimes it is the slower one: a regenerate takes two round trips.
                for _ in 0..n % 4 {
                    let _: i64 = ask(&site.client, &["DBSIZE"]).await;
                }
                site.manager.commit(&write).await.unwrap()
            }
        );
        let Outcome::Set(new) = new else {
            panic!("round {n}: {new:?}");
        };
        assert_eq!(keys(&site.client).await, [key_of(&new)], "round {n}");
        let record = json(text(&site.client, &key_of(&new)).await);
        let is_there = record["data"]["write"] == n;
        assert_eq!(is_there, written != Outcome::Keep, "round {n}: {written:?}");
        moved += u32::from(is_there);
        late += u32::from(!is_there);
        token = new;
    }
    println!("{moved} writes moved, {late} came too late");
    assert!(moved > 100 && late > 100, "nothing was shown");
}

/// Of two logins on one session one counts, and the other leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_regenerates_at_once_one_counts() {
    let site = Site::new().await;
    for n in 0..200 {
        let token = stored(&site.manager, "user", n).await;
        let sessions = [
            open(&site.manager, &token).await,
            open(&site.manager, &token).await,
        ];
        for session in &sessions {
            session.regenerate().unwrap();
        }
        let outcomes = tokio::join!(
            site.manager.commit(&sessions[0]),
            site.manager.commit(&sessions[1])
        );
        let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
        let issued: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Set(token) => Some(key_of(token)),
                Outcome::Keep | Outcome::Clear => None,
            })
            .collect();
        assert_eq!(issued.len(), 1, "round {n}: {outcomes:?}");
        let mut expected = vec![key_of(&site.token), issued[0].clone()];
        expected.sort();
        assert_eq!(keys(&site.client).await, expected, "round {n}");
        let _: i64 = ask(&site.client, &["DEL", &issued[0]]).await;
    }
}
