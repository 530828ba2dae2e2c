//! How many saves share a batch, and how large they may be.

use crate::support::{TestRedis, ask, commit, key_of, open, value};

#[tokio::test]
async fn the_first_save_is_sent_at_once_and_the_others_in_batches_of_64() {
    let redis = TestRedis::batching().await;
    for (saves, scripts) in [
        (1, 1),
        (2, 2),
        (32, 2),
        (65, 2),
        (66, 3),
        (129, 3),
        (130, 4),
    ] {
        let sessions = redis.sessions(saves, 1).await;
        let sent = redis
            .count_scripts(redis.assert_commits(&sessions, 1))
            .await;
        assert_eq!(sent, scripts, "{saves} saves");
    }
    let probes: Vec<String> = ask(&redis.client, &["KEYS", "*session-probe*"]).await;
    assert_eq!(probes, [""; 0]);
}

/// Both the new value and the version count, which is the whole value if other software wrote it.
#[tokio::test]
async fn a_large_save_gets_a_script_of_its_own() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    sessions[3].1.put("large", "x".repeat(16 * 1024)).unwrap();
    let sent = redis
        .count_scripts(redis.assert_commits(&sessions, 1))
        .await;
    assert_eq!(sent, 3);

    let mut sessions = redis.sessions(8, 1).await;
    let key = key_of(&sessions[3].0);
    let marked = value(&redis.client, &key).await.unwrap();
    let large = format!(r#""large":"{}","n":"#, "x".repeat(16 * 1024));
    let unmarked = marked.trim_end().replace(r#""n":"#, &large);
    let () = ask(&redis.client, &["SET", &key, &unmarked, "PX", "60000"]).await;
    sessions[3].1 = open(&redis.manager, &sessions[3].0).await;
    sessions[3].1.forget("large").unwrap();
    sessions[3].1.put("late", 1).unwrap();
    let sent = redis
        .count_scripts(redis.assert_commits(&sessions, 1))
        .await;
    assert_eq!(sent, 3);
}

/// The reply to a conflict carries the current record.
#[tokio::test]
async fn a_large_reply_does_not_delay_the_batch() {
    let redis = TestRedis::batching().await;
    let sessions = redis.sessions(8, 1).await;
    let other = open(&redis.manager, &sessions[3].0).await;
    other.put("large", "x".repeat(16 * 1024)).unwrap();
    commit(&redis.manager, &other).await;
    // The first save and the batch. Then the conflicting save on its own, and again with the merged
    // record.
    let sent = redis
        .count_scripts(redis.assert_commits(&sessions, 1))
        .await;
    assert_eq!(sent, 4);
    let session = open(&redis.manager, &sessions[3].0).await;
    let large: String = session.get("large").unwrap().unwrap();
    assert_eq!(large.len(), 16 * 1024);
}
