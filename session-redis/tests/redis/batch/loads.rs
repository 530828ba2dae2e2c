//! Overlapping loads share an `MGET`, and each gets what it would get on its own.

use std::time::{Duration, Instant};

use session_core::{Session, Token};
use session_redis::RedisDriver;

use super::overlap::start_loads;
use super::sharding_proxy::ShardingProxy;
use crate::support::{RedisServer, TestRedis, ask, client, key_of, value};

#[tokio::test]
async fn the_first_load_is_sent_at_once_and_the_others_in_batches_of_64() {
    let redis = batching().await;
    for (loads, expected) in [
        (1, [1, 0]),
        // The second one is alone in its batch.
        (2, [2, 0]),
        (3, [1, 1]),
        (65, [1, 1]),
        (66, [2, 1]),
        (130, [2, 2]),
    ] {
        let tokens = redis.tokens(loads).await;
        let work = redis.assert_loads(&tokens);
        let sent = redis.count_loads(work).await;
        assert_eq!(sent, expected, "{loads} loads");
    }
    let probes: Vec<String> = ask(&redis.client, &["KEYS", "*session-probe*"]).await;
    assert_eq!(probes, [""; 0]);
}

#[tokio::test]
async fn each_load_gets_its_own_reply() {
    let redis = batching().await;
    let tokens = redis.tokens(8).await;
    let (gone, other_type, not_a_session, unmarked, large) = (1, 2, 3, 4, 5);
    let key = |n: usize| key_of(&tokens[n]);
    for n in [gone, other_type] {
        let _: i64 = ask(&redis.client, &["DEL", &key(n)]).await;
    }
    let _: i64 = ask(&redis.client, &["LPUSH", &key(other_type), "a"]).await;
    let () = ask(&redis.client, &["SET", &key(not_a_session), "\u{0}"]).await;
    let marked = value(&redis.client, &key(unmarked)).await.unwrap();
    let bare = marked.trim_end();
    let () = ask(&redis.client, &["SET", &key(unmarked), bare, "PX", "60000"]).await;
    let big = format!(r#""large":"{}","n""#, "x".repeat(1024 * 1024));
    let marked = value(&redis.client, &key(large)).await.unwrap();
    let () = ask(
        &redis.client,
        &["SET", &key(large), &marked.replace(r#""n""#, &big)],
    )
    .await;

    let mut sessions = Vec::new();
    let loads = async { sessions = redis.load_all(&tokens).await };
    assert_eq!(redis.count_loads(loads).await[1], 1);
    for (n, session) in sessions.iter().enumerate() {
        assert!(session.is_available(), "{n}");
        let is_lost = [gone, other_type, not_a_session].contains(&n);
        assert_eq!(session.is_new(), is_lost, "{n}");
        let expected = (!is_lost).then_some(n);
        assert_eq!(session.get("n").unwrap(), expected);
    }
    let large: String = sessions[large].get("large").unwrap().unwrap();
    assert_eq!(large.len(), 1024 * 1024);
}

/// The second look at one of them is in the background.
#[tokio::test]
async fn unknown_ids_cost_one_round_trip() {
    let redis = batching().await;
    let tokens = redis.tokens(33).await;
    for token in &tokens {
        let _: i64 = ask(&redis.client, &["DEL", &key_of(token)]).await;
    }
    let mut sessions = Vec::new();
    let loads = async { sessions = redis.load_all(&tokens).await };
    let [gets, mgets] = redis.count_loads(loads).await;
    assert!(gets <= 2 && mgets == 1, "{gets} GET, {mgets} MGET");
    assert!(sessions.iter().all(Session::is_new));
    // It found nothing either, so loads are still batched.
    let tokens = redis.tokens(3).await;
    assert_eq!(redis.count_loads(redis.assert_loads(&tokens)).await[1], 1);
}

#[tokio::test]
async fn the_load_of_a_canceled_request_is_not_sent() {
    let redis = batching().await;
    let tokens = redis.tokens(8).await;
    let work = async {
        let mut loads = start_loads(&redis.manager, &tokens);
        // The first load was sent at once, so its request must stay.
        let stay = loads.split_off(7);
        let first = loads.remove(0);
        drop(loads);
        for (n, load) in [(0, first)].into_iter().chain((7..).zip(stay)) {
            assert_eq!(load.await.unwrap().get("n").unwrap(), Some(n));
        }
    };
    // Only one of the batch is left.
    assert_eq!(redis.count_loads(work).await, [2, 0]);
}

#[tokio::test]
async fn loads_are_sent_one_by_one_without_the_permission() {
    let server = RedisServer::start();
    let user = [
        "ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-mget",
    ];
    let () = ask(&client(&server.url()).await, &user).await;
    let url = format!("redis://app:secret@127.0.0.1:{}", server.port);
    let redis = TestRedis::using(RedisDriver::connect(url).await.unwrap(), server).await;
    let tokens = redis.tokens(8).await;
    let work = redis.assert_many_loads(&tokens);
    // One probe.
    assert_eq!(redis.count_loads(work).await, [400, 1]);
    let probes: Vec<String> = ask(&redis.client, &["KEYS", "*session-probe*"]).await;
    assert_eq!(probes, [""; 0]);
}

#[tokio::test]
async fn no_load_fails_when_the_permission_is_withdrawn() {
    let redis = batching().await;
    let tokens = redis.tokens(8).await;
    let () = ask(&redis.client, &["ACL", "SETUSER", "default", "-mget"]).await;
    let work = redis.assert_many_loads(&tokens);
    // The batch that noticed, and one probe.
    assert_eq!(redis.count_loads(work).await, [400, 2]);
}

#[tokio::test]
async fn no_load_fails_when_several_keys_start_to_be_rejected() {
    let (redis, proxy) = behind_proxy().await;
    let tokens = redis.tokens(8).await;
    proxy.reject_several_keys();
    redis.assert_many_loads(&tokens).await;
}

/// A proxy may send a command to the server of its first key. The other keys are not there.
#[tokio::test]
async fn loads_are_sent_one_by_one_if_only_the_first_key_is_found() {
    let (first, second) = (RedisServer::start(), RedisServer::start());
    let proxy = ShardingProxy::start([first.port, second.port]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, first).await;
    let tokens = redis.tokens(12).await;
    redis.assert_many_loads(&tokens).await;
    // By now a probe has found out.
    let work = redis.assert_loads(&tokens);
    assert_eq!(redis.count_loads(work).await[1], 0);
    for server in [&redis.server, &second] {
        let client = client(&server.url()).await;
        let left: Vec<String> = ask(&client, &["KEYS", "*session-probe*"]).await;
        assert_eq!(left, [""; 0]);
    }
}

/// Half of the keys move to another server while the application runs.
#[tokio::test]
async fn the_driver_notices_when_batches_stop_finding_keys() {
    let (redis, proxy) = behind_proxy().await;
    let tokens = redis.tokens(12).await;
    let new = RedisServer::start();
    let there = client(&new.url()).await;
    for token in &tokens {
        let key = key_of(token);
        if ShardingProxy::shard_of(&key) == 1 {
            let value = value(&redis.client, &key).await.unwrap();
            let () = ask(&there, &["SET", &key, &value, "PX", "60000"]).await;
            let _: i64 = ask(&redis.client, &["DEL", &key]).await;
        }
    }
    proxy.set_servers([redis.server.port, new.port]);
    let end = Instant::now() + Duration::from_secs(10);
    while redis.load_all(&tokens).await.iter().any(Session::is_new) {
        assert!(Instant::now() < end, "sessions are lost");
    }
    redis.assert_many_loads(&tokens).await;
}

#[tokio::test]
async fn every_load_fails_if_the_reply_is_lost_and_later_ones_are_batched_again() {
    let (redis, proxy) = behind_proxy().await;
    let tokens = redis.tokens(8).await;
    proxy.lose_next_reply();
    for (n, session) in redis.load_all(&tokens).await.iter().enumerate() {
        assert_eq!(session.is_available(), n == 0, "{n}");
    }
    assert!(proxy.has_lost_reply());
    wait_until_available(&redis, &tokens[0]).await;
    redis.wait_until_loads_are_batched().await;
    redis.assert_loads(&tokens).await;
}

#[tokio::test]
async fn every_load_times_out_if_the_server_does_not_respond() {
    let timeout = Duration::from_millis(300);
    let server = RedisServer::start();
    let driver = RedisDriver::builder(server.url()).timeout(timeout);
    let redis = TestRedis::using(driver.connect().await.unwrap(), server).await;
    redis.wait_until_loads_are_batched().await;
    let tokens = redis.tokens(8).await;
    redis.server.signal("STOP");
    let start = Instant::now();
    let sessions = redis.load_all(&tokens).await;
    let took = start.elapsed();
    assert!(!sessions.iter().any(Session::is_available));
    assert!(timeout <= took && took < 10 * timeout, "{took:?}");
    redis.server.signal("CONT");
    wait_until_available(&redis, &tokens[0]).await;
    redis.assert_loads(&tokens).await;
}

/// Starts a server where overlapping loads are batched already.
async fn batching() -> TestRedis {
    let redis = TestRedis::start().await;
    redis.wait_until_loads_are_batched().await;
    redis
}

/// Starts a server behind a proxy, with all keys, where overlapping loads are batched already.
async fn behind_proxy() -> (TestRedis, ShardingProxy) {
    let server = RedisServer::start();
    let proxy = ShardingProxy::start([server.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, server).await;
    redis.wait_until_loads_are_batched().await;
    (redis, proxy)
}

async fn wait_until_available(redis: &TestRedis, token: &Token) {
    let end = Instant::now() + Duration::from_secs(10);
    while !crate::support::open(&redis.manager, token)
        .await
        .is_available()
    {
        assert!(Instant::now() < end, "the driver does not recover");
    }
}
