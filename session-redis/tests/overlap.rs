//! Requests that overlap on one session, in one process, in two, and with a writer that does not look.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{KeyRing, Outcome, SessionManager};
use tokio::sync::Barrier;

use crate::common::{
    Server, ServerExt as _, ask, commit, id_of, json, key_of, open, secret, stored, text,
};

#[tokio::test(flavor = "multi_thread")]
async fn of_64_requests_at_once_every_key_is_there_and_the_counter_says_64() {
    let server = Server::start();
    let manager = server.manager().await;
    let token = stored(&manager, "count", 0).await;
    // The hardest case: all of them have seen the same record before the first one saves.
    let loaded = Arc::new(Barrier::new(64));
    let wait = move || {
        let loaded = loaded.clone();
        async move { _ = loaded.wait().await }
    };
    requests(&manager, token.as_str(), 0..64, wait).await;

    let record = json(text(&server.client().await, &key_of(&token)).await);
    assert_all_there(&record, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_requests_as_they_come_every_key_is_there_and_the_counter_says_64() {
    let server = Server::start();
    let manager = server.manager().await;
    let token = stored(&manager, "count", 0).await;
    requests(&manager, token.as_str(), 0..64, || async {}).await;

    let record = json(text(&server.client().await, &key_of(&token)).await);
    assert_all_there(&record, 64);
}

/// Two processes of 32 requests each, which all load before the first one of either saves.
#[tokio::test(flavor = "multi_thread")]
async fn of_32_requests_in_each_of_two_processes_every_key_is_there_and_the_counter_says_64() {
    let server = Server::start();
    let manager = server.manager().await;
    let token = stored(&manager, "count", 0).await;
    let start = |first: u32| {
        Process(
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", CHILD, "--nocapture"])
                .env("OVERLAP_URL", server.url())
                .env("OVERLAP_ID", id_of(&token))
                .env("OVERLAP_FIRST", first.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap(),
        )
    };
    for mut process in [start(0), start(32)] {
        let status = tokio::task::spawn_blocking(move || process.0.wait().unwrap());
        assert!(status.await.unwrap().success());
    }
    let record = json(text(&server.client().await, &key_of(&token)).await);
    assert_all_there(&record, 64);
}

/// One of the two processes. Run by itself it is alone with its 32 requests.
#[tokio::test(flavor = "multi_thread")]
async fn of_32_requests_in_a_process_every_key_is_there() {
    let Ok(url) = std::env::var("OVERLAP_URL") else {
        let server = Server::start();
        let manager = server.manager().await;
        let token = stored(&manager, "count", 0).await;
        requests(&manager, token.as_str(), 0..32, || async {}).await;
        let record = json(text(&server.client().await, &key_of(&token)).await);
        assert_all_there(&record, 32);
        return;
    };
    let first: u32 = std::env::var("OVERLAP_FIRST").unwrap().parse().unwrap();
    let token = KeyRing::new(secret()).sign(std::env::var("OVERLAP_ID").unwrap());
    let driver = session_redis::RedisDriver::connect(url).await.unwrap();
    let manager = common::manager(driver.clone());
    let client = driver.pool().next().clone();
    let all_have_loaded = || wait_for_all(client.clone(), 64);
    requests(&manager, &token, first..first + 32, all_have_loaded).await;
}

/// What the seed does all the time, in the order that hurts: its write falls between our load and our save.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_did_not_look_is_joined_with_ours() {
    let server = Server::start();
    let (manager, client) = (server.manager().await, server.client().await);
    let token = stored(&manager, "count", 0).await;
    for n in 1..=100 {
        let session = open(&manager, &token).await;
        session.put(&format!("ours-{n}"), n).unwrap();
        session.update("count", 0, |count: u32| count + 1).unwrap();
        overwrite(&client, &key_of(&token), n).await;
        commit(&manager, &session).await;
        let record = json(text(&client, &key_of(&token)).await);
        assert_eq!(record["data"]["blind"], n, "theirs");
        assert_eq!(record["data"][format!("ours-{n}")], n, "ours");
        assert_eq!(record["data"]["count"], n);
    }
}

/// Against a writer that overwrites in a loop no key of ours is safe for long: its next write is of what it
/// read before ours. What can be promised, and is shown here:
///
/// 1. Let a commit of ours be acknowledged, and the record, read after that, hold a blind write that was complete
///    when our commit began. Then no blind write came after our commit began, and our key is in the record,
///    wherever the blind writes fell between our load and our commit.
/// 2. No commit of ours takes a blind write back: the writer always finds its own last one.
#[tokio::test(flavor = "multi_thread")]
async fn what_we_acknowledged_after_a_blind_write_is_not_lost() {
    let server = Server::start();
    let (manager, client) = (server.manager().await, server.client().await);
    let token = stored(&manager, "blind", 0).await;
    let key = key_of(&token);
    let (done, complete) = tokio::sync::watch::channel(0_u32);
    let writer = tokio::spawn({
        let (client, key) = (server.client().await, key.clone());
        async move {
            for n in 1.. {
                overwrite(&client, &key, n).await;
                if done.send(n).is_err() {
                    return n;
                }
                // The pause is of another length each time, so that the writes fall anywhere in our requests.
                for _ in 0..n % 8 {
                    let _: i64 = ask(&client, &["PTTL", &key]).await;
                }
            }
            unreachable!()
        }
    });
    let (mut proved, mut joined, mut n) = (0, 0, 0);
    let end = Instant::now() + Duration::from_secs(20);
    while (proved < 200 || joined < 20) && Instant::now() < end {
        n += 1;
        let name = format!("ours-{}", n % 10);
        let session = open(&manager, &token).await;
        let seen: u32 = session.get("blind").unwrap().unwrap();
        session.put(&name, n).unwrap();
        // Half of the time there is a blind write between load and save.
        if n % 2 == 0 {
            let mut next = complete.clone();
            next.mark_unchanged();
            next.changed().await.unwrap();
        }
        let before = *complete.borrow();
        commit(&manager, &session).await;
        let record = json(text(&client, &key).await);
        let blind = record["data"]["blind"].as_u64().unwrap();
        assert!(blind >= u64::from(before), "a blind write was taken back");
        if blind == u64::from(before) {
            assert_eq!(record["data"][&name], n, "acknowledged and lost");
            proved += 1;
            joined += u32::from(seen < before);
        }
    }
    drop(complete);
    let blind = writer.await.unwrap();
    println!("{n} requests against {blind} blind writes: {proved} proved, {joined} of them merged");
    assert!(proved >= 200 && joined >= 20, "{proved} {joined}");
}

/// Opens the sessions of these requests, each a task, waits, and commits them: each puts its own key and counts.
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

/// Counts this request in, through the server, and waits until it has seen so many.
async fn wait_for_all(client: Client, all: u64) {
    let mut count: u64 = ask(&client, &["INCR", "loaded"]).await;
    let end = Instant::now() + Duration::from_secs(20);
    while count < all {
        assert!(Instant::now() < end, "the other process does not come");
        tokio::task::yield_now().await;
        count = ask(&client, &["GET", "loaded"]).await;
    }
}

/// Reads, changes and writes as the seed does: without a look at what came in between.
async fn overwrite(client: &Client, key: &str, n: u32) {
    let mut record = json(text(client, key).await);
    if n > 1 {
        assert_eq!(record["data"]["blind"], n - 1, "its last write is gone");
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

/// Stopped when dropped, so that no process outlives a test that failed.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const CHILD: &str = "of_32_requests_in_a_process_every_key_is_there";
