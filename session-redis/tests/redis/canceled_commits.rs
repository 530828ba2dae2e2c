//! A commit whose future is dropped half way.
//!
//! Adapters run every commit to its end. The bare future of `SessionManager::commit` promises less,
//! as its documentation says. The conformance kit drops the single operations of the driver; this is
//! the one commit that consists of several.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::support::{TestRedis, ask, json, key_of, keys, open, store, value};

/// The test runs on one thread. With two, a reply may arrive before the poll that sent its command
/// has returned, and then nothing is left to drop.
#[tokio::test]
async fn a_dropped_regenerate_leaves_the_old_record_the_new_one_or_both() {
    let redis = TestRedis::start().await;
    let mut dropped = 0;
    for polls in (0..ROUNDS).flat_map(|_| 0..POLLS) {
        let () = ask(&redis.client, &["FLUSHALL"]).await;
        let token = store(&redis.manager, "user", 42).await;
        let session = open(&redis.manager, &token).await;
        session.regenerate().unwrap();
        let new = format!("session:{}", session.id().unwrap().as_str());
        dropped += u32::from(drop_after(redis.manager.commit(&session), polls).await);
        // With one command: between two, a command that is still on its way could move the record.
        let found = keys(&redis.client).await;
        assert!(!found.is_empty(), "neither record is there");
        for key in found {
            assert!(key == key_of(&token) || key == new, "{key}");
            // It may be gone by now, or say that the session moved, but it is never half a record.
            if let Some(value) = value(&redis.client, &key).await {
                let record = json(Some(value));
                let is_moved = record["moved"] == true && key != new;
                let data = if is_moved {
                    serde_json::json!({})
                } else {
                    serde_json::json!({"user": 42})
                };
                assert_eq!(record["data"], data);
            }
        }
    }
    assert!(dropped >= ROUNDS, "too few to show anything: {dropped}");
}

/// Polls a future once and a number of times more, and drops it. Returns `true` if it was
/// unfinished.
async fn drop_after<F: Future>(future: F, polls: u32) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        if future.as_mut().poll(context).is_ready() {
            return Poll::Ready(false);
        }
        if left == 0 {
            return Poll::Ready(true);
        }
        left -= 1;
        Poll::Pending
    })
    .await
}

/// A regenerate waits twice, so it takes several polls.
const POLLS: u32 = 6;
const ROUNDS: u32 = 20;
