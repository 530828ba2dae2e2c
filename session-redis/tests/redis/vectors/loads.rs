//! `Cookie` headers and what Redis holds then, good and bad: what we accept, and what we refuse.

use std::collections::BTreeMap;

use session_core::Outcome;

use super::LOADS;
use super::service::{NAME, assert_ttl, builder, clear, manager, minutes, open, set};
use crate::support::{TestRedis, ask, keys, value};
use test_support::vectors::json::Json;
use test_support::vectors::{Expect, RedisLoad, Vectors, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_accepted_or_refused_as_the_file_says() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    let (mut accepted, mut fresh) = (0, 0);
    for load in each(&seed) {
        clear(&redis).await;
        for (key, value) in &load.redis_before {
            set(&redis, key, value, 7200).await;
        }
        let manager = manager(&redis, &seed.secret, &load.prefix, minutes(120)).await;
        let session = open(&manager, &load.cookie_header).await;
        match load.expect {
            Expect::Accepted => {
                assert!(!session.is_new());
                let data = session.all().to_json();
                assert_eq!(Json::read(&data), Json::read(&load.seed_data_json));
                accepted += 1;
            }
            Expect::Fresh => {
                assert!(session.is_new() && session.is_available());
                assert!(session.all().is_empty() && session.all_flash().is_empty());
                assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Keep);
                assert_eq!(everything(&redis).await, load.redis_before, "unchanged");
                fresh += 1;
            }
        }
    }
    report(format_args!(
        "redis_loads: {} records, {accepted} accepted, {fresh} fresh",
        accepted + fresh
    ));
    assert_eq!(
        (accepted + fresh, seed.redis_loads.len()),
        (LOADS, LOADS),
        "every entry"
    );
}

/// Neither `@rudderjs/session` nor this crate stores a key without a TTL.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_ttl_is_refused_unless_migrating() {
    let (redis, seed) = (TestRedis::start().await, Vectors::read());
    let mut accepted = 0;
    for load in each(&seed) {
        clear(&redis).await;
        for (key, value) in &load.redis_before {
            let () = ask(&redis.client, &["SET", key, value]).await;
        }
        let strict = manager(&redis, &seed.secret, &load.prefix, minutes(120)).await;
        let session = open(&strict, &load.cookie_header).await;
        assert!(session.is_new() && session.is_available());
        assert_eq!(strict.commit(&session).await.unwrap(), Outcome::Keep);
        assert_eq!(everything(&redis).await, load.redis_before, "unchanged");

        let lenient = builder(&redis, &seed.secret, &load.prefix).await;
        let lenient = lenient.accept_without_expiry(true).build().unwrap();
        let session = open(&lenient, &load.cookie_header).await;
        assert_eq!(session.is_new(), load.expect == Expect::Fresh);
        if load.expect == Expect::Accepted {
            let data = session.all().to_json();
            assert_eq!(Json::read(&data), Json::read(&load.seed_data_json));
            let outcome = lenient.commit(&session).await.unwrap();
            assert!(matches!(outcome, Outcome::Set(_)), "{outcome:?}");
            let key = load.redis_before.keys().next().unwrap();
            assert_ttl(&redis, key, 7200).await;
            accepted += 1;
        }
    }
    report(format_args!(
        "redis_loads: {LOADS} records refused without a TTL, {accepted} accepted while migrating"
    ));
    assert_eq!(accepted, 6);
}

async fn everything(redis: &TestRedis) -> BTreeMap<String, String> {
    let mut stored = BTreeMap::new();
    for key in keys(&redis.client).await {
        let value = value(&redis.client, &key).await.unwrap();
        stored.insert(key, value);
    }
    stored
}

fn each(seed: &Vectors) -> impl Iterator<Item = &RedisLoad> {
    assert_eq!(seed.cookie_name, NAME);
    // The test harness shows this if the test fails.
    seed.redis_loads
        .iter()
        .inspect(|load| println!("{}", load.name))
}
