//! Single requests, and the records that they leave in Redis.

use session_core::Outcome;

use super::SEQUENCES;
use super::service::{NAME, PREFIX, assert_ttl, clear, manager, minutes, open, set, token};
use crate::support::{TestRedis, keys, value};
use test_support::vectors::json::{Json, Text};
use test_support::vectors::operation::{Operation, PassAs};
use test_support::vectors::{Sequence, Vectors, attributes, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_leaves_the_same_records_and_sets_the_same_cookie() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    assert_eq!(seed.cookie_name, NAME);
    let mut ran = 0;
    for sequence in &seed.redis_sequences {
        // The test harness shows this if the test fails.
        println!("{}", sequence.name);
        assert_eq!(sequence.driver, "redis");
        clear(&redis).await;
        run(&redis, sequence).await;
        ran += 1;
    }
    report(format_args!("redis_sequences: {ran} requests"));
    assert_eq!(
        (ran, seed.redis_sequences.len()),
        (SEQUENCES, SEQUENCES),
        "every entry"
    );
}

async fn run(redis: &TestRedis, sequence: &Sequence) {
    for (key, value) in &sequence.redis_before {
        set(redis, key, value, 7200).await;
    }
    let manager = manager(
        redis,
        &sequence.secret,
        PREFIX,
        minutes(sequence.lifetime_minutes),
    )
    .await;
    let session = open(&manager, &sequence.cookie_header).await;
    assert!(!session.is_new());
    for op in Operation::read(&sequence.ops_json) {
        op.run(&session, PassAs::Text).unwrap();
    }
    let outcome = manager.commit(&session).await.unwrap();

    let line = manager.set_cookie(&outcome);
    assert_eq!(line.iter().count(), sequence.set_cookie.len());
    let mut ours = None;
    if let Some(line) = line {
        let theirs = &sequence.set_cookie[0];
        assert_eq!(attributes(&line), attributes(theirs));
        assert_eq!(
            line.split(';').next().unwrap(),
            format!("{NAME}={}", token(&outcome))
        );
        ours = token(&outcome).split_once('.').map(|(id, _)| id);
        // `@rudderjs/session` either kept the id or created one, and so do we.
        let kept = theirs.contains(ours.unwrap());
        let created = sequence.uuids.iter().any(|id| theirs.contains(id));
        assert!(kept != created, "{line}");
    } else {
        assert_eq!(outcome, Outcome::Keep);
    }

    // If `@rudderjs/session` created an id, ours is as random.
    let rename = |text: &str| match (&*sequence.uuids, ours) {
        ([theirs], Some(ours)) => text.replace(&**theirs, ours),
        _ => text.to_owned(),
    };
    let mut expected: Vec<_> = sequence.redis_after.keys().map(|key| rename(key)).collect();
    expected.sort();
    assert_eq!(keys(&redis.client).await, expected, "exactly these keys");
    for (key, record) in &sequence.redis_after {
        let key = rename(key);
        let stored = value(&redis.client, &key).await.unwrap();
        let mut stored = Json::read(&stored);
        assert_eq!(stored, Json::read(&rename(record)));
        let id = Json::Text(Text::from(key.strip_prefix(PREFIX).unwrap()));
        assert_eq!(stored.object()[&Text::from("id")], id);
        assert_ttl(redis, &key, 60 * sequence.lifetime_minutes).await;
    }
}
