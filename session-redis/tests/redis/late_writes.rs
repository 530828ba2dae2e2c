//! A request that ends after its session did. `resurrection` runs all combinations; these are what it
//! does not show.

use session_core::{Outcome, Token};
use tokio::sync::Barrier;

use crate::support::{
    Log, TestRedis, age, ask, default_manager, id_of, json, key_of, keys, open, store, value,
};

/// Starts a server with one session.
async fn start() -> (TestRedis, Token) {
    let redis = TestRedis::start().await;
    let token = store(&redis.manager, "user", 42).await;
    (redis, token)
}

async fn log_out(redis: &TestRedis, token: &Token) {
    let session = open(&redis.manager, token).await;
    session.destroy().unwrap();
    let outcome = redis.manager.commit(&session).await.unwrap();
    assert_eq!(outcome, Outcome::Clear);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_the_logout_is_dropped_and_logged() {
    let (redis, token) = start().await;
    let slow = open(&redis.manager, &token).await;
    slow.put("late", 1).unwrap();
    log_out(&redis, &token).await;
    let log = Log::capture();
    assert_eq!(redis.manager.commit(&slow).await.unwrap(), Outcome::Keep);
    let id = &id_of(&token)[..8];
    let line = format!("WARN session: late write dropped: the session ended meanwhile id=\"{id}\"");
    assert_eq!(log.take(), [line]);
    assert_eq!(keys(&redis.client).await, [""; 0]);
}

/// A renewal is not a write, so it sets no cookie either.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_after_the_logout_is_dropped() {
    let (redis, token) = start().await;
    age(&redis.client, &key_of(&token)).await;
    let slow = open(&redis.manager, &token).await;
    log_out(&redis, &token).await;
    assert_eq!(redis.manager.commit(&slow).await.unwrap(), Outcome::Keep);
    assert_eq!(keys(&redis.client).await, [""; 0]);
}

/// Both commits start at the same moment. An acknowledged write is in the record that remains; one
/// that came too late is not acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_moves_to_the_new_id() {
    let (redis, mut token) = start().await;
    let (mut moved, mut late) = (0, 0);
    for n in 0..500 {
        let (login, write) = (
            open(&redis.manager, &token).await,
            open(&redis.manager, &token).await,
        );
        login.regenerate().unwrap();
        write.put("write", n).unwrap();
        let start = Barrier::new(2);
        let (new, written) = tokio::join!(
            async {
                start.wait().await;
                redis.manager.commit(&login).await.unwrap()
            },
            async {
                start.wait().await;
                // Sometimes delayed, because a regenerate takes two round trips.
                for _ in 0..n % 4 {
                    let _: i64 = ask(&redis.client, &["DBSIZE"]).await;
                }
                redis.manager.commit(&write).await.unwrap()
            }
        );
        let Outcome::Set(new) = new else {
            panic!("round {n}: {new:?}");
        };
        assert_eq!(keys(&redis.client).await, [key_of(&new)], "round {n}");
        let record = json(value(&redis.client, &key_of(&new)).await);
        let is_there = record["data"]["write"] == n;
        assert_eq!(is_there, written != Outcome::Keep, "round {n}: {written:?}");
        moved += u32::from(is_there);
        late += u32::from(!is_there);
        token = new;
    }
    println!("{moved} writes moved, {late} came too late");
    assert!(moved > 100 && late > 100, "too few to show anything");
}

/// A second click on "log in": whichever response arrives last, its session is there.
#[tokio::test(flavor = "multi_thread")]
async fn two_overlapping_regenerates_both_stand() {
    let (redis, other) = start().await;
    let manager = default_manager(redis.driver.clone());
    for n in 0..200 {
        let token = store(&redis.manager, "user", n).await;
        let sessions = [open(&manager, &token).await, open(&manager, &token).await];
        for session in &sessions {
            session.regenerate().unwrap();
        }
        let outcomes = tokio::join!(manager.commit(&sessions[0]), manager.commit(&sessions[1]));
        let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
        let issued: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Set(token) => Some(key_of(token)),
                Outcome::Keep | Outcome::Clear => None,
            })
            .collect();
        assert_eq!(issued.len(), 2, "round {n}: {outcomes:?}");
        for key in &issued {
            let record = json(value(&redis.client, key).await);
            assert_eq!(record["data"]["user"], n, "round {n}");
        }
        let old = json(value(&redis.client, &key_of(&token)).await);
        assert_eq!(old["moved"], true, "round {n}");
        let mut expected = vec![key_of(&other), key_of(&token)];
        expected.extend(issued.iter().cloned());
        expected.sort();
        assert_eq!(keys(&redis.client).await, expected, "round {n}");
        let [one, two] = [&issued[0], &issued[1]];
        let _: i64 = ask(&redis.client, &["DEL", one, two, &key_of(&token)]).await;
    }
}
