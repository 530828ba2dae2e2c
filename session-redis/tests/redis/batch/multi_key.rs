//! Where one address hides several servers, operations are sent one by one.

use std::time::{Duration, Instant};

use session_core::Outcome;
use session_redis::RedisDriver;

use super::sharding_proxy::{ShardingProxy, move_half_of_the_keys};
use crate::support::{RedisServer, TestRedis, ask, client, keys};

/// The server is a node of a Cluster, but the driver takes it for a single server.
#[tokio::test]
async fn operations_are_sent_one_by_one_if_several_keys_are_rejected() {
    let server = RedisServer::with(&["--cluster-enabled", "yes"]);
    for first in (0..16_384).step_by(4_096) {
        let slots: Vec<_> = (first..first + 4_096)
            .map(|slot| slot.to_string())
            .collect();
        assert_eq!(
            server.run(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))),
            "+OK"
        );
    }
    let end = Instant::now() + Duration::from_secs(10);
    while !server.run("SET probe 1").starts_with("+OK") {
        assert!(Instant::now() < end, "the node does not serve");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let driver = RedisDriver::connect(server.url()).await.unwrap();
    let redis = TestRedis::using(driver, server).await;
    let tokens = redis.tokens(8).await;
    let loads = redis.assert_many_loads(&tokens);
    // One probe.
    assert_eq!(redis.count_loads(loads).await, [400, 1]);
    let mut scripts = 0;
    for late in 0..8 {
        let sessions = redis.sessions(8, late).await;
        scripts += redis
            .count_scripts(redis.assert_commits(&sessions, late))
            .await;
    }
    // All saves, and one probe.
    assert_eq!(scripts, 8 * 8 + 1);
    assert_no_probe_keys(&redis.server).await;
}

/// A proxy may send a script to the server of its first key. The other keys are not there.
#[tokio::test]
async fn saves_are_sent_one_by_one_if_only_the_first_key_is_found() {
    let (first, second) = (RedisServer::start(), RedisServer::start());
    let proxy = ShardingProxy::start([first.port, second.port]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, first).await;
    for late in 0..8 {
        let sessions = redis.sessions(32, late).await;
        redis.assert_commits(&sessions, late).await;
    }
    for server in [&redis.server, &second] {
        assert_ne!(keys(&client(&server.url()).await).await, [""; 0]);
    }
    let sessions = redis.sessions(32, 9).await;
    let before = proxy.scripts();
    redis.assert_commits(&sessions, 9).await;
    assert_eq!(proxy.scripts() - before, 32);
    for server in [&redis.server, &second] {
        assert_no_probe_keys(server).await;
    }
}

/// Half of the keys move to another server while the application runs.
#[tokio::test]
async fn no_save_is_lost_when_keys_move_to_another_server() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let ports = [old.port, new.port];
    let proxy = ShardingProxy::start([old.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, old).await;
    redis.wait_until_batching().await;
    let sessions = redis.sessions(32, 1).await;
    move_half_of_the_keys(&redis, &new).await;
    proxy.set_servers(ports);
    sessions[9].1.regenerate().unwrap();
    for (n, outcome) in redis.commit_all(&sessions).await.into_iter().enumerate() {
        assert!(matches!(outcome.unwrap(), Outcome::Set(_)), "{n}");
    }
    redis.assert_stored(&sessions[..9], Some(1)).await;
    redis.assert_stored(&sessions[10..], Some(1)).await;
    for late in 2..8 {
        let sessions = redis.sessions(32, late).await;
        redis.assert_commits(&sessions, late).await;
    }
    // By now a probe has found out.
    let sessions = redis.sessions(32, 9).await;
    let before = proxy.scripts();
    redis.assert_commits(&sessions, 9).await;
    assert_eq!(proxy.scripts() - before, 32);
}

/// The batch fails, as with any error of the server, and the saves after it succeed.
#[tokio::test]
async fn the_driver_notices_when_scripts_with_several_keys_start_to_be_rejected() {
    let server = RedisServer::start();
    let proxy = ShardingProxy::start([server.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, server).await;
    redis.wait_until_batching().await;
    let sessions = redis.sessions(8, 1).await;
    proxy.reject_several_keys();
    for (n, outcome) in redis.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n > 0, "{n}: {outcome:?}");
    }
    redis.assert_stored(&sessions[..1], Some(1)).await;
    redis.assert_stored(&sessions[1..], None).await;
    for late in 2..10 {
        let sessions = redis.sessions(8, late).await;
        redis.assert_commits(&sessions, late).await;
    }
}

async fn assert_no_probe_keys(server: &RedisServer) {
    let client = client(&server.url()).await;
    let left: Vec<String> = ask(&client, &["KEYS", "*session-probe*"]).await;
    assert_eq!(left, [""; 0]);
}
