//! Requests that overlap on one session, in two processes, and with software that overwrites blindly.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{KeyRing, Outcome, SessionManager};
use session_redis::RedisDriver;

use crate::support::{
    TestRedis, ask, client, commit, id_of, json, key_of, manager, open, secret, store, value,
};

/// Two processes with 32 requests each. All requests load before the first one saves. The test runs
/// itself again for each process.
#[tokio::test(flavor = "multi_thread")]
async fn requests_in_two_processes_lose_no_update() {
    if let Ok(url) = std::env::var("OVERLAP_URL") {
        return run_in_child(url).await;
    }
    let redis = TestRedis::start().await;
    let token = store(&redis.manager, "count", 0).await;
    let start = |first: u32| {
        Process(
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", TEST, "--nocapture"])
                .env("OVERLAP_URL", redis.server.url())
                .env("OVERLAP_ID", id_of(&token))
                .env("OVERLAP_FIRST", first.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        )
    };
    for mut process in [start(0), start(32)] {
        let status = tokio::task::spawn_blocking(move || process.0.wait().unwrap());
        assert!(status.await.unwrap().success());
    }
    let record = json(value(&redis.client, &key_of(&token)).await);
    assert_all_there(&record, 64);
}

/// `@rudderjs/session` overwrites blindly. Here its write comes between our load and our save.
#[tokio::test(flavor = "multi_thread")]
async fn our_save_is_merged_into_a_blind_write() {
    let redis = TestRedis::start().await;
    let token = store(&redis.manager, "count", 0).await;
    for n in 1..=100 {
        let session = open(&redis.manager, &token).await;
        session.put(&format!("ours-{n}"), n).unwrap();
        session.update("count", 0, |count: u32| count + 1).unwrap();
        overwrite(&redis.client, &key_of(&token), n).await;
        commit(&redis.manager, &session).await;
        let record = json(value(&redis.client, &key_of(&token)).await);
        assert_eq!(record["data"]["blind"], n, "theirs");
        assert_eq!(record["data"][format!("ours-{n}")], n, "ours");
        assert_eq!(record["data"]["count"], n);
    }
}

/// Against software that overwrites in a loop, no key of ours is safe for long: its next write
/// contains what it read before our save. This is what the driver promises:
///
/// 1. Suppose that a commit of ours is acknowledged, and the record, read after that, contains a
///    blind write that was complete when our commit started. Then no later blind write has
///    happened, and our key is in the record, no matter when blind writes happened between our load
///    and our commit.
/// 2. No commit of ours undoes a blind write: the writer always finds its own last one.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_save_after_a_blind_write_is_not_lost() {
    let redis = TestRedis::start().await;
    let token = store(&redis.manager, "blind", 0).await;
    let key = key_of(&token);
    let (done, complete) = tokio::sync::watch::channel(0_u32);
    let writer = tokio::spawn({
        let (client, key) = (client(&redis.server.url()).await, key.clone());
        async move {
            for n in 1.. {
                overwrite(&client, &key, n).await;
                if done.send(n).is_err() {
                    return n;
                }
                // The pauses vary, so that the writes happen at any time during our requests.
                for _ in 0..n % 8 {
                    let _: i64 = ask(&client, &["PTTL", &key]).await;
                }
            }
            unreachable!()
        }
    });
    let (mut proven, mut merged, mut n) = (0, 0, 0);
    let end = Instant::now() + Duration::from_secs(20);
    while (proven < 200 || merged < 20) && Instant::now() < end {
        n += 1;
        let name = format!("ours-{}", n % 10);
        let session = open(&redis.manager, &token).await;
        let seen: u32 = session.get("blind").unwrap().unwrap();
        session.put(&name, n).unwrap();
        // Half of the time, a blind write happens between load and save.
        if n % 2 == 0 {
            let mut next = complete.clone();
            next.mark_unchanged();
            next.changed().await.unwrap();
        }
        let before = *complete.borrow();
        commit(&redis.manager, &session).await;
        let record = json(value(&redis.client, &key).await);
        let blind = record["data"]["blind"].as_u64().unwrap();
        assert!(blind >= u64::from(before), "a blind write was undone");
        if blind == u64::from(before) {
            assert_eq!(record["data"][&name], n, "an acknowledged write is lost");
            proven += 1;
            merged += u32::from(seen < before);
        }
    }
    drop(complete);
    let blind = writer.await.unwrap();
    println!("{n} requests against {blind} blind writes: {proven} proven, {merged} merged");
    assert!(proven >= 200 && merged >= 20, "{proven} {merged}");
}

async fn run_in_child(url: String) {
    let first: u32 = std::env::var("OVERLAP_FIRST").unwrap().parse().unwrap();
    let token = KeyRing::new(secret()).sign(std::env::var("OVERLAP_ID").unwrap());
    let driver = RedisDriver::connect(url).await.unwrap();
    let client = driver.pool().next().clone();
    let manager = manager(driver);
    let all_have_loaded = || wait_for_all(client.clone(), 64);
    requests(&manager, &token, first..first + 32, all_have_loaded).await;
}

/// Runs each request in a task: opens the session, puts a key and counts up, waits until `loaded`
/// completes, and commits.
async fn requests<F>(
    manager: &SessionManager,
    token: &str,
    numbers: std::ops::Range<u32>,
    loaded: impl Fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = numbers
        .map(|n| {
            let (manager, token, loaded) = (manager.clone(), token.to_owned(), loaded());
            tokio::spawn(async move {
                let session = manager.open([&*token]).await.unwrap();
                assert!(!session.is_new());
                session.put(&format!("key-{n}"), n).unwrap();
                session.update("count", 0, |count: u32| count + 1).unwrap();
                loaded.await;
                let outcome = manager.commit(&session).await.unwrap();
                assert!(matches!(outcome, Outcome::Set(_)), "{outcome:?}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Counts this request in, on the server, and waits until all are there.
async fn wait_for_all(client: Client, all: u64) {
    let mut count: u64 = ask(&client, &["INCR", "loaded"]).await;
    let end = Instant::now() + Duration::from_secs(20);
    while count < all {
        assert!(Instant::now() < end, "the other process does not start");
        tokio::task::yield_now().await;
        count = ask(&client, &["GET", "loaded"]).await;
    }
}

/// Reads, changes and writes a record as `@rudderjs/session` does, blind to any write in between.
async fn overwrite(client: &Client, key: &str, n: u32) {
    let mut record = json(value(client, key).await);
    if n > 1 {
        assert_eq!(record["data"]["blind"], n - 1, "its last write is lost");
    }
    record["data"]["blind"] = n.into();
    let () = ask(client, &["SET", key, &record.to_string(), "EX", "7200"]).await;
}

#[track_caller]
fn assert_all_there(record: &serde_json::Value, requests: u32) {
    let data = record["data"].as_object().unwrap();
    for n in 0..requests {
        assert_eq!(data[&format!("key-{n}")], n);
    }
    assert_eq!(data["count"], requests);
    assert_eq!(data.len(), requests as usize + 1, "{data:?}");
}

/// Stops when dropped, so that no process outlives a failed test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const TEST: &str = "overlapping_requests::requests_in_two_processes_lose_no_update";
