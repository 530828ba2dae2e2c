//! One request each, and what it leaves in the store.

use session_core::Outcome;

use crate::common::{keys, text};
use crate::json::{Json, Text};
use crate::ops::{Op, Values};
use crate::seed::{Seed, Sequence};
use crate::service::{NAME, PREFIX, Store, attributes, open, token};
use crate::{SEQUENCES, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_leaves_the_same_records_and_sets_the_same_cookie() {
    let (store, seed) = (Store::start().await, Seed::read());
    assert_eq!(seed.cookie_name, NAME);
    let mut ran = 0;
    for sequence in &seed.redis_sequences {
        // Of a test that fails the harness shows this.
        println!("{}", sequence.name);
        assert_eq!(sequence.driver, "redis");
        store.clear().await;
        run(&store, sequence).await;
        ran += 1;
    }
    report(format_args!("redis_sequences: {ran} requests"));
    assert_eq!(
        (ran, seed.redis_sequences.len()),
        (SEQUENCES, SEQUENCES),
        "all of them"
    );
}

async fn run(store: &Store, sequence: &Sequence) {
    for (key, value) in &sequence.redis_before {
        store.set(key, value, 7200).await;
    }
    let manager = store
        .manager(&sequence.secret, PREFIX, sequence.lifetime_minutes)
        .await;
    let session = open(&manager, &sequence.cookie_header).await;
    assert!(!session.is_new());
    for op in Op::read(&sequence.ops_json) {
        op.run(&session, Values::Text).unwrap();
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
        // The id is kept where the seed kept it.
        let kept = theirs.contains(ours.unwrap());
        let minted = sequence.uuids.iter().any(|id| theirs.contains(id));
        assert!(kept != minted, "{line}");
    } else {
        assert_eq!(outcome, Outcome::Keep);
    }

    // Where the seed minted an id, ours is as random as its.
    let rename = |text: &str| match (&*sequence.uuids, ours) {
        ([theirs], Some(ours)) => text.replace(&**theirs, ours),
        _ => text.to_owned(),
    };
    let mut expected: Vec<_> = sequence.redis_after.keys().map(|key| rename(key)).collect();
    expected.sort();
    assert_eq!(keys(&store.client).await, expected, "these and no others");
    for (key, value) in &sequence.redis_after {
        let key = rename(key);
        let stored = text(&store.client, &key).await.unwrap();
        let mut stored = Json::read(&stored);
        assert_eq!(stored, Json::read(&rename(value)));
        let id = Json::Text(Text::from(key.strip_prefix(PREFIX).unwrap()));
        assert_eq!(stored.object()[&Text::from("id")], id);
        store.assert_ttl(&key, 60 * sequence.lifetime_minutes).await;
    }
}
