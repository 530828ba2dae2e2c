//! Cookies and what the store holds then, good and bad: what we accept, and what we refuse.

use std::collections::BTreeMap;

use session_core::Outcome;

use crate::common::{ask, keys, text};
use crate::json::Json;
use crate::seed::{Expect, Load, Seed};
use crate::service::{NAME, Store, open};
use crate::{LOADS, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_accepted_or_refused_as_the_file_says() {
    let (store, seed) = (Store::start().await, Seed::read());
    let (mut accepted, mut fresh) = (0, 0);
    for load in each(&seed) {
        store.clear().await;
        for (key, value) in &load.redis_before {
            store.set(key, value, 7200).await;
        }
        let manager = store.manager(&seed.secret, &load.prefix, 120).await;
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
                assert_eq!(stored(&store).await, load.redis_before, "left alone");
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
        "all of them"
    );
}

/// A key for ever is nothing that the seed or this crate wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_ttl_is_refused_unless_migrating_and_then_gets_one() {
    let (store, seed) = (Store::start().await, Seed::read());
    let mut accepted = 0;
    for load in each(&seed) {
        store.clear().await;
        for (key, value) in &load.redis_before {
            let () = ask(&store.client, &["SET", key, value]).await;
        }
        let strict = store.manager(&seed.secret, &load.prefix, 120).await;
        let session = open(&strict, &load.cookie_header).await;
        assert!(session.is_new() && session.is_available());
        assert_eq!(strict.commit(&session).await.unwrap(), Outcome::Keep);
        assert_eq!(stored(&store).await, load.redis_before, "left alone");

        let builder = store.builder(&seed.secret, &load.prefix).await;
        let lenient = builder.accept_without_expiry(true).build().unwrap();
        let session = open(&lenient, &load.cookie_header).await;
        assert_eq!(session.is_new(), load.expect == Expect::Fresh);
        if load.expect == Expect::Accepted {
            let data = session.all().to_json();
            assert_eq!(Json::read(&data), Json::read(&load.seed_data_json));
            let outcome = lenient.commit(&session).await.unwrap();
            assert!(matches!(outcome, Outcome::Set(_)), "{outcome:?}");
            let key = load.redis_before.keys().next().unwrap();
            store.assert_ttl(key, 7200).await;
            accepted += 1;
        }
    }
    report(format_args!(
        "redis_loads: {LOADS} records refused without a TTL, {accepted} of them accepted while migrating"
    ));
    assert_eq!(accepted, 6);
}

async fn stored(store: &Store) -> BTreeMap<String, String> {
    let mut stored = BTreeMap::new();
    for key in keys(&store.client).await {
        let value = text(&store.client, &key).await.unwrap();
        stored.insert(key, value);
    }
    stored
}

fn each(seed: &Seed) -> impl Iterator<Item = &Load> {
    assert_eq!(seed.cookie_name, NAME);
    // Of a test that fails the harness shows this.
    seed.redis_loads
        .iter()
        .inspect(|load| println!("{}", load.name))
}
