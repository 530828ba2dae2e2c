//! What a request costs the server, by the server's own statistics.
//!
//! A round trip is what the server reads from a connection at once (`total_reads_processed`): a command, or
//! several that were sent together. Its command statistics count those that a script runs as well, so that they
//! are more than the round trips.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use fred::prelude::*;
use http::{Request, Response};
use session_core::{KeyRing, Opening, Outcome, Secret, Session, SessionManager, Token};
use session_redis::RedisDriver;
use session_tower::SessionLayer;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::common::{Server, ServerExt as _, age, ask, commit, info, key_of, open, secret, stored};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_session_costs_nothing() {
    let site = Site::new().await;
    let cost = site.cost("no cookie", async |site| site.visit([]).await);
    cost.await.assert_round_trips(0);

    let token = site.token().await;
    let forged = format!("{}x", token.as_str());
    let cost = site.cost("invalid signature", async |site| {
        site.visit([&*forged]).await
    });
    cost.await.assert_round_trips(0);

    let others = KeyRing::new(Secret::new("another service's secret of 32 bytes").unwrap());
    let others = others.sign(common::id_of(&token).to_owned());
    let cost = site.cost("another's secret", async |site| {
        site.visit([&*others]).await
    });
    cost.await.assert_round_trips(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_costs_one_round_trip() {
    let site = Site::new().await;
    let token = site.token().await;
    let read = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        assert_eq!(session.get("user").unwrap(), Some(42));
        site.keep(&session).await;
    };
    let cost = site.cost("read", read).await;
    cost.assert_round_trips(1);
    cost.assert_reads_only();

    let unknown = site.token().await;
    let _: i64 = ask(&site.client, &["DEL", &key_of(&unknown)]).await;
    let visit = async |site: &Site| site.visit([unknown.as_str()]).await;
    let cost = site.cost("unknown session", visit).await;
    cost.assert_round_trips(1);
    cost.assert_reads_only();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_costs_two_round_trips_in_all() {
    let site = Site::new().await;
    let token = site.token().await;
    let write = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        session.put("n", 1).unwrap();
        commit(&site.manager, &session).await;
    };
    site.cost("write", write).await.assert_round_trips(2);

    let session = open(&site.manager, &token).await;
    session.flash("notice", "hi").unwrap();
    commit(&site.manager, &session).await;
    let consume = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        commit(&site.manager, &session).await;
    };
    let cost = site.cost("flash shown", consume).await;
    cost.assert_round_trips(2);
}

/// The answer to the save that came too late brings what is there instead.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_costs_one_round_trip_more_than_a_write() {
    let site = Site::new().await;
    let token = site.token().await;
    let (first, second) = (
        open(&site.manager, &token).await,
        open(&site.manager, &token).await,
    );
    first.put("a", 1).unwrap();
    second.put("b", 1).unwrap();
    commit(&site.manager, &first).await;
    let merge = async |site: &Site| drop(commit(&site.manager, &second).await);
    let cost = site.cost("merge (commit alone)", merge).await;
    cost.assert_round_trips(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_session_costs_one_round_trip() {
    let site = Site::new().await;
    let new = async |site: &Site| drop(site.token().await);
    let cost = site.cost("new", new).await;
    cost.assert_round_trips(1);
    assert_eq!(cost.commands, BTreeMap::from([("set".to_owned(), 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_id_costs_three_round_trips_and_a_logout_two() {
    let site = Site::new().await;
    let token = site.token().await;
    let regenerate = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        session.regenerate().unwrap();
        commit(&site.manager, &session).await;
    };
    let cost = site.cost("regenerate", regenerate).await;
    cost.assert_round_trips(3);

    let token = site.token().await;
    let destroy = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        session.destroy().unwrap();
        let outcome = site.manager.commit(&session).await.unwrap();
        assert_eq!(outcome, Outcome::Clear);
    };
    site.cost("destroy", destroy).await.assert_round_trips(2);
}

/// Once in half a lifetime.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_costs_one_round_trip_more_than_a_read() {
    let site = Site::new().await;
    let token = site.token().await;
    age(&site.client, &key_of(&token)).await;
    let renew = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        assert_eq!(session.get("user").unwrap(), Some(42));
        assert_eq!(commit(&site.manager, &session).await, token);
    };
    // The first time the server does not know the script yet.
    renew(&site).await;
    age(&site.client, &key_of(&token)).await;
    let cost = site.cost("read and renew", renew).await;
    cost.assert_round_trips(2);
    let left: i64 = ask(&site.client, &["PTTL", &key_of(&token)]).await;
    assert!(left > 7_100_000, "{left} ms");
}

/// Through the layer: by default flash ages with every request, so the session is loaded; opened lazily it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_takes_the_session_costs_one_round_trip_or_none() {
    let site = Site::new().await;
    let token = site.token().await;
    let eager = site.manager.clone();
    let driver = site.driver.clone();
    let lazy = SessionManager::builder(driver, secret()).opening(Opening::Lazy);
    let lazy = lazy.build().unwrap();
    for (what, manager, round_trips) in [
        ("untouched, with cookie", eager, 1),
        ("untouched, with cookie, lazy", lazy, 0),
    ] {
        let request = async |_: &Site| untouched(&manager, &token).await;
        let cost = site.cost(what, request).await;
        cost.assert_round_trips(round_trips);
        cost.assert_reads_only();
    }
}

/// After a restart the server does not know the scripts; it gets each of them once.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_the_server_forgot_costs_one_round_trip_once() {
    let site = Site::new().await;
    let token = site.token().await;
    let write = async |site: &Site| {
        let session = open(&site.manager, &token).await;
        session.update("n", 0, |n: u32| n + 1).unwrap();
        commit(&site.manager, &session).await;
    };
    site.cost("write, again", write).await.assert_round_trips(2);
    let () = ask(&site.client, &["SCRIPT", "FLUSH"]).await;
    let cold = site.cost("write, scripts forgotten", write).await;
    // One for the save, and one for the load if that is a script too.
    assert!((3..=4).contains(&cold.round_trips), "{cold:?}");
    site.cost("write, once more", write)
        .await
        .assert_round_trips(2);
}

struct Site {
    _server: Server,
    driver: RedisDriver,
    manager: SessionManager,
    client: Client,
}

#[derive(Debug)]
struct Cost {
    round_trips: u64,
    /// By command, those that scripts run included.
    commands: BTreeMap<String, u64>,
}

impl Site {
    /// A server that knows the scripts already.
    async fn new() -> Self {
        let server = Server::start();
        let driver = server.driver().await;
        let site = Self {
            manager: common::manager(driver.clone()),
            client: server.client().await,
            driver,
            _server: server,
        };
        let token = site.token().await;
        let session = open(&site.manager, &token).await;
        session.put("warm", 1).unwrap();
        commit(&site.manager, &session).await;
        let session = open(&site.manager, &token).await;
        session.regenerate().unwrap();
        commit(&site.manager, &session).await;
        site
    }

    /// Runs one request, prints what it cost, and returns that.
    async fn cost(&self, what: &str, request: impl AsyncFnOnce(&Self)) -> Cost {
        let () = ask(&self.client, &["CONFIG", "RESETSTAT"]).await;
        request(self).await;
        let all = info(&self.client, "all").await;
        // This look itself is one of them.
        let round_trips = all["total_reads_processed"].parse::<u64>().unwrap() - 1;
        let commands: BTreeMap<String, u64> = all
            .iter()
            .filter_map(|(name, stats)| {
                let name = name.strip_prefix("cmdstat_")?;
                let calls = stats.strip_prefix("calls=")?.split(',').next()?;
                Some((name.to_owned(), calls.parse().unwrap()))
            })
            .filter(|(name, _)| !matches!(&**name, "info" | "config|resetstat"))
            .collect();
        let list: Vec<_> = commands
            .iter()
            .map(|(name, calls)| format!("{name} {calls}"))
            .collect();
        report(&format!(
            "cost: {what:<30} {round_trips} round trips  {}\n",
            list.join(", ")
        ));
        Cost {
            round_trips,
            commands,
        }
    }

    async fn token(&self) -> Token {
        stored(&self.manager, "user", 42).await
    }

    /// A request that finds no session and makes none.
    async fn visit(&self, tokens: impl IntoIterator<Item = &str>) {
        let session = self.manager.open(tokens).await.unwrap();
        assert!(session.is_new());
        self.keep(&session).await;
    }

    async fn keep(&self, session: &Session) {
        let outcome = self.manager.commit(session).await.unwrap();
        assert_eq!(outcome, Outcome::Keep);
    }
}

impl Cost {
    #[track_caller]
    fn assert_round_trips(&self, round_trips: u64) {
        assert_eq!(self.round_trips, round_trips, "{self:?}");
        assert_eq!(self.commands.is_empty(), round_trips == 0, "{self:?}");
    }

    #[track_caller]
    fn assert_reads_only(&self) {
        let reads = ["get"];
        let others = self
            .commands
            .keys()
            .filter(|name| !reads.contains(&&***name));
        assert_eq!(others.count(), 0, "{self:?}");
    }
}

/// Sends a request through the layer to a handler that knows nothing of sessions.
async fn untouched(manager: &SessionManager, token: &Token) {
    let handler = |_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) };
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(manager.clone()))
        .service(service_fn(handler));
    let request = Request::builder()
        .header("cookie", format!("session={}", token.as_str()))
        .body(())
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert!(response.headers().is_empty(), "{:?}", response.headers());
}

/// Says it past the test harness, which would show it only of a test that fails, and in one piece.
fn report(line: &str) {
    use std::io::Write as _;
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
