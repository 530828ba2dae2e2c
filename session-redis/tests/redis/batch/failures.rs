//! A failure reaches the saves that it concerns, and nothing that is stored is lost.

use std::time::{Duration, Instant};

use session_core::ErrorKind;
use session_redis::RedisDriver;

use super::overlap::start_commits;
use super::sharding_proxy::ShardingProxy;
use crate::support::{RedisServer, TestRedis, ask, client, commit, manager, open};

#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let () = ask(&redis.client, &["SCRIPT", "FLUSH"]).await;
    redis.assert_commits(&sessions, 1).await;
}

#[tokio::test]
async fn every_save_fails_on_a_full_server_and_nothing_is_lost() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let () = ask(&redis.client, &["CONFIG", "SET", "maxmemory", "1"]).await;
    for outcome in redis.commit_all(&sessions).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("OOM"), "{source}");
    }
    let () = ask(&redis.client, &["CONFIG", "SET", "maxmemory", "0"]).await;
    redis.assert_stored(&sessions, None).await;
}

/// Only a conflict needs this permission.
#[tokio::test]
async fn a_missing_permission_fails_only_the_save_that_needs_it() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let other = open(&redis.manager, &sessions[3].0).await;
    other.put("other", 1).unwrap();
    commit(&redis.manager, &other).await;
    let () = ask(&redis.client, &["ACL", "SETUSER", "default", "-pttl"]).await;
    for (n, outcome) in redis.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n == 3, "{n}: {outcome:?}");
    }
    redis.assert_stored(&sessions[..3], Some(1)).await;
    redis.assert_stored(&sessions[3..4], None).await;
    redis.assert_stored(&sessions[4..], Some(1)).await;
}

#[tokio::test]
async fn a_missing_permission_that_all_saves_need_fails_them_all() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let () = ask(&redis.client, &["ACL", "SETUSER", "default", "-getrange"]).await;
    for outcome in redis.commit_all(&sessions).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    redis.assert_stored(&sessions, None).await;
}

#[tokio::test]
async fn every_save_times_out_if_the_server_does_not_respond() {
    let timeout = Duration::from_millis(300);
    let server = RedisServer::start();
    let driver = RedisDriver::builder(server.url()).timeout(timeout);
    let redis = TestRedis::using(driver.connect().await.unwrap(), server).await;
    redis.wait_until_batching().await;
    let sessions = redis.sessions(8, 1).await;
    redis.server.signal("STOP");
    let start = Instant::now();
    for outcome in redis.commit_all(&sessions).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let took = start.elapsed();
    assert!(timeout <= took && took < 10 * timeout, "{took:?}");
    redis.server.signal("CONT");
    redis.wait_until_batching().await;
}

#[tokio::test]
async fn every_save_fails_if_the_connection_breaks_and_later_ones_are_batched_again() {
    let mut redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    redis.server.signal("STOP");
    let manager = redis.manager.clone();
    let commits = start_commits(&manager, &sessions);
    // By then they are on their way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    redis.server.kill();
    for commit in commits {
        assert_eq!(commit.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    redis.server.restart();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let session = redis.manager.open(None).await.unwrap();
        session.put("n", 1).unwrap();
        if redis.manager.commit(&session).await.is_ok() {
            break;
        }
        assert!(Instant::now() < end, "the driver does not recover");
    }
    redis.client = client(&redis.server.url()).await;
    redis.wait_until_batching().await;
}

/// Nobody knows whether the batch was carried out. It is not sent again.
#[tokio::test]
async fn every_save_fails_if_the_reply_is_lost() {
    let server = RedisServer::start();
    let proxy = ShardingProxy::start([server.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, server).await;
    redis.wait_until_batching().await;
    let sessions = redis.sessions(8, 1).await;
    let before = proxy.scripts();
    proxy.lose_next_reply();
    for (n, outcome) in redis.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n > 0, "{n}: {outcome:?}");
    }
    assert!(proxy.has_lost_reply());
    assert_eq!(proxy.scripts() - before, 2);
    let direct = manager(RedisDriver::connect(redis.server.url()).await.unwrap());
    for (token, _) in &sessions {
        let session = open(&direct, token).await;
        assert_eq!(session.get("late").unwrap(), Some(1));
    }
}

#[tokio::test]
async fn the_save_of_a_canceled_request_is_not_sent() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let mut commits = start_commits(&redis.manager, &sessions);
    // The first save was sent at once, so its request must stay.
    let stay = commits.split_off(6);
    let first = commits.remove(0);
    drop(commits);
    assert!(first.await.is_ok());
    for commit in stay {
        assert!(commit.await.is_ok());
    }
    redis.assert_stored(&sessions[..1], Some(1)).await;
    redis.assert_stored(&sessions[1..6], None).await;
    redis.assert_stored(&sessions[6..], Some(1)).await;
}
