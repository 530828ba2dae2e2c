//! What a request costs the server, by the server's own statistics.
//!
//! A round trip is one read from a connection (`total_reads_processed`), of one command or of
//! several that were sent together. The command statistics also count the commands inside scripts,
//! so they add up to more than the round trips.

use std::collections::BTreeMap;
use std::io::Write as _;

use session_core::{KeyRing, Outcome, Secret, Session, Token};

use crate::support::{
    TestRedis, age, ask, commit, default_manager, id_of, info, key_of, open, store,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_session_costs_no_round_trip() {
    let redis = start().await;
    let cost = measure(&redis, "no cookie", async |redis| visit(redis, []).await);
    cost.await.assert_round_trips(0);

    let token = user(&redis).await;
    let forged = format!("{}x", token.as_str());
    let cost = measure(&redis, "invalid signature", async |redis| {
        visit(redis, [&*forged]).await
    });
    cost.await.assert_round_trips(0);

    let others = KeyRing::new(Secret::new("another service's secret of 32 bytes").unwrap());
    let others = others.sign(id_of(&token).to_owned());
    let cost = measure(&redis, "other secret", async |redis| {
        visit(redis, [&*others]).await
    });
    cost.await.assert_round_trips(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_costs_one_round_trip() {
    let redis = start().await;
    let token = user(&redis).await;
    let read = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        assert_eq!(session.get("user").unwrap(), Some(42));
        assert_unchanged(redis, &session).await;
    };
    let cost = measure(&redis, "read", read).await;
    cost.assert_round_trips(1);
    cost.assert_reads_only();

    let unknown = user(&redis).await;
    let _: i64 = ask(&redis.client, &["DEL", &key_of(&unknown)]).await;
    let visit = async |redis: &TestRedis| visit(redis, [unknown.as_str()]).await;
    let cost = measure(&redis, "unknown session", visit).await;
    cost.assert_round_trips(1);
    cost.assert_reads_only();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_and_write_cost_two_round_trips() {
    let redis = start().await;
    let token = user(&redis).await;
    let write = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        session.put("n", 1).unwrap();
        commit(&redis.manager, &session).await;
    };
    measure(&redis, "write", write).await.assert_round_trips(2);

    let session = open(&redis.manager, &token).await;
    session.flash("notice", "hi").unwrap();
    commit(&redis.manager, &session).await;
    let consume = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        commit(&redis.manager, &session).await;
    };
    let cost = measure(&redis, "flash shown", consume).await;
    cost.assert_round_trips(2);
}

/// The reply to the first save carries the current record, so there is no second load.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_costs_one_more_round_trip_than_a_write() {
    let redis = start().await;
    let token = user(&redis).await;
    let (first, second) = (
        open(&redis.manager, &token).await,
        open(&redis.manager, &token).await,
    );
    first.put("a", 1).unwrap();
    second.put("b", 1).unwrap();
    commit(&redis.manager, &first).await;
    let merge = async |redis: &TestRedis| drop(commit(&redis.manager, &second).await);
    let cost = measure(&redis, "merge (commit alone)", merge).await;
    cost.assert_round_trips(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_session_costs_one_round_trip() {
    let redis = start().await;
    let new = async |redis: &TestRedis| drop(user(redis).await);
    let cost = measure(&redis, "new", new).await;
    cost.assert_round_trips(1);
    assert_eq!(cost.commands, BTreeMap::from([("set".to_owned(), 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerate_and_a_logout_cost_three_round_trips() {
    let mut redis = start().await;
    redis.manager = default_manager(redis.driver.clone());
    let token = user(&redis).await;
    let regenerate = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        session.regenerate().unwrap();
        commit(&redis.manager, &session).await;
    };
    let cost = measure(&redis, "regenerate", regenerate).await;
    cost.assert_round_trips(3);

    let token = user(&redis).await;
    let destroy = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        session.destroy().unwrap();
        let outcome = redis.manager.commit(&session).await.unwrap();
        assert_eq!(outcome, Outcome::Clear);
    };
    measure(&redis, "destroy", destroy)
        .await
        .assert_round_trips(3);
}

/// At most once per tenth of the lifetime.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_costs_one_more_round_trip_than_a_read() {
    let mut redis = start().await;
    redis.manager = default_manager(redis.driver.clone());
    let token = user(&redis).await;
    age(&redis.client, &key_of(&token)).await;
    let renew = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        assert_eq!(session.get("user").unwrap(), Some(42));
        let renewed = commit(&redis.manager, &session).await;
        assert_eq!(renewed.as_str(), token.as_str());
    };
    // The server does not know the script yet.
    renew(&redis).await;
    age(&redis.client, &key_of(&token)).await;
    let cost = measure(&redis, "read and renew", renew).await;
    cost.assert_round_trips(2);
    let left: i64 = ask(&redis.client, &["PTTL", &key_of(&token)]).await;
    assert!(left > 7_100_000, "{left} ms");
}

/// The index of owners travels in the packet of the record, or right before it.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_costs_one_more_round_trip_at_most() {
    let mut redis = start().await;
    redis.manager = crate::owners::owned(redis.driver.clone());
    let token = user(&redis).await;
    let write = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        session.update("n", 0, |n: u32| n + 1).unwrap();
        redis.manager.commit(&session).await.unwrap();
    };
    write(&redis).await;
    let cost = measure(&redis, "write, with an owner", write).await;
    assert!((2..=3).contains(&cost.round_trips), "{cost:?}");
    let guest = store(&redis.manager, "cart", 1).await;
    let write = async |redis: &TestRedis| {
        let session = open(&redis.manager, &guest).await;
        session.update("n", 0, |n: u32| n + 1).unwrap();
        redis.manager.commit(&session).await.unwrap();
    };
    let cost = measure(&redis, "write, without an owner", write).await;
    cost.assert_round_trips(2);
    let list = async |redis: &TestRedis| {
        assert_eq!(redis.manager.sessions_of("42").await.unwrap().len(), 1);
    };
    measure(&redis, "list of one session", list)
        .await
        .assert_round_trips(2);
}

/// A restarted server does not know the scripts. It gets each text once.
#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_script_costs_one_round_trip_once() {
    let redis = start().await;
    let token = user(&redis).await;
    let write = async |redis: &TestRedis| {
        let session = open(&redis.manager, &token).await;
        session.update("n", 0, |n: u32| n + 1).unwrap();
        commit(&redis.manager, &session).await;
    };
    measure(&redis, "write, again", write)
        .await
        .assert_round_trips(2);
    let () = ask(&redis.client, &["SCRIPT", "FLUSH"]).await;
    let cold = measure(&redis, "write, forgotten script", write).await;
    cold.assert_round_trips(3);
    measure(&redis, "write, once more", write)
        .await
        .assert_round_trips(2);
}

#[derive(Debug)]
struct Cost {
    round_trips: u64,
    /// By command, including those that scripts run.
    commands: BTreeMap<String, u64>,
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

/// Starts a server that knows the scripts already.
async fn start() -> TestRedis {
    let redis = TestRedis::start().await;
    let token = user(&redis).await;
    let session = open(&redis.manager, &token).await;
    session.put("warm", 1).unwrap();
    commit(&redis.manager, &session).await;
    let session = open(&redis.manager, &token).await;
    session.regenerate().unwrap();
    commit(&redis.manager, &session).await;
    redis
}

/// Runs one request, prints what it cost, and returns that.
async fn measure(redis: &TestRedis, what: &str, request: impl AsyncFnOnce(&TestRedis)) -> Cost {
    let () = ask(&redis.client, &["CONFIG", "RESETSTAT"]).await;
    request(redis).await;
    let all = info(&redis.client, "all").await;
    // Without this command.
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
    let line = format!(
        "cost: {what:<30} {round_trips} round trips  {}\n",
        list.join(", ")
    );
    // Not with `println!`, which shows only if the test fails.
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    Cost {
        round_trips,
        commands,
    }
}

async fn user(redis: &TestRedis) -> Token {
    store(&redis.manager, "user", 42).await
}

/// A request that finds no session and creates none.
async fn visit(redis: &TestRedis, tokens: impl IntoIterator<Item = &str>) {
    let session = redis.manager.open(tokens).await.unwrap();
    assert!(session.is_new());
    assert_unchanged(redis, &session).await;
}

async fn assert_unchanged(redis: &TestRedis, session: &Session) {
    let outcome = redis.manager.commit(session).await.unwrap();
    assert_eq!(outcome, Outcome::Keep);
}
