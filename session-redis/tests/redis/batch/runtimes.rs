//! Several runtimes share one driver.

use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use session_core::{ErrorKind, Outcome};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use super::overlap::start_commits;
use crate::support::{RedisServer, TestRedis};

/// Saves that were queued there are sent with the next ones.
#[test]
fn a_runtime_that_shuts_down_blocks_no_save() {
    let (connected, short) = (runtime(), runtime());
    let redis = connected.block_on(TestRedis::batching());
    let before = connected.block_on(redis.sessions(8, 1));
    let started = short.block_on(async { start_commits(&redis.manager, &before) });
    drop(short);
    connected.block_on(async {
        let after = redis.sessions(8, 2).await;
        redis.assert_commits(&after, 2).await;
        redis.assert_stored(&before[1..], Some(1)).await;
    });
    drop(started);
}

#[test]
fn a_busy_thread_blocks_no_save() {
    let (connected, busy) = (runtime(), runtime());
    let redis = connected.block_on(TestRedis::batching());
    let before = connected.block_on(redis.sessions(8, 1));
    let started = busy.block_on(async { start_commits(&redis.manager, &before) });
    connected.block_on(async {
        let after = redis.sessions(8, 2).await;
        redis.assert_commits(&after, 2).await;
    });
    busy.block_on(async {
        for commit in started {
            assert!(matches!(commit.await, Ok(Outcome::Set(_))));
        }
    });
    connected.block_on(redis.assert_stored(&before, Some(1)));
}

/// Nothing drives the runtime that the connections belong to.
#[test]
fn a_save_times_out_if_the_runtime_of_its_connection_stands_still() {
    let timeout = Duration::from_millis(300);
    let (still, other) = (runtime(), runtime());
    let (redis, sessions) = still.block_on(async {
        let server = RedisServer::start();
        let driver = RedisDriver::builder(server.url()).timeout(timeout);
        let redis = TestRedis::using(driver.connect().await.unwrap(), server).await;
        redis.wait_until_batching().await;
        let sessions = redis.sessions(8, 1).await;
        (redis, sessions)
    });
    let start = Instant::now();
    for outcome in other.block_on(redis.commit_all(&sessions)) {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let took = start.elapsed();
    assert!(took < 20 * timeout, "{took:?}");
    still.block_on(redis.assert_stored(&sessions[1..], None));
}

/// The runtime of the connections sends the batch, although another one flushed it.
#[test]
fn a_runtime_that_stands_still_after_a_flush_blocks_no_save() {
    let (connected, still) = (runtime(), runtime());
    let redis = connected.block_on(TestRedis::batching());
    let sessions = connected.block_on(redis.sessions(8, 1));
    let mut commits = connected.block_on(async { start_commits(&redis.manager, &sessions[..7]) });
    still.block_on(async {
        let mut commit = start_commits(&redis.manager, &sessions[7..]).remove(0);
        let mut context = Context::from_waker(Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
    });
    connected.block_on(async {
        for commit in commits.drain(..) {
            assert!(matches!(commit.await, Ok(Outcome::Set(_))));
        }
        redis.assert_stored(&sessions[..7], Some(1)).await;
    });
}

fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}
