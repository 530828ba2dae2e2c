//! The index of owners in Redis: what it names, for how long, and what it costs.

use std::time::Duration;

use session_core::{Clock as _, Saved};
use session_core::{
    Driver as _, ErrorKind, Expected, ManualClock, Record, SessionId, SessionManager, SystemClock,
    Touched,
};
use session_redis::RedisDriver;

use crate::support::{TestRedis, ask, commit, keys, open, secret, store};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn owned(driver: RedisDriver) -> SessionManager {
    let builder = SessionManager::builder(driver, secret()).owner_key("user");
    builder.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_a_user_are_listed_and_ended() {
    let redis = TestRedis::start().await;
    let manager = owned(redis.driver.clone());
    let first = store(&manager, "user", 42).await;
    let second = store(&manager, "user", 42).await;
    store(&manager, "user", 7).await;
    store(&manager, "cart", 1).await;
    assert_eq!(manager.sessions_of("42").await.unwrap().len(), 2);
    assert_eq!(
        redis.driver.count().await.unwrap(),
        4,
        "the index does not count"
    );

    let session = open(&manager, &first).await;
    session.regenerate().unwrap();
    let first = commit(&manager, &session).await;
    let current = open(&manager, &first).await.peek_id().unwrap();
    assert_eq!(manager.sessions_of("42").await.unwrap().len(), 2);
    assert_eq!(
        manager.revoke_all_of("42", Some(&current)).await.unwrap(),
        1
    );
    assert!(open(&manager, &second).await.is_new());
    assert!(!open(&manager, &first).await.is_new());
    assert_eq!(manager.sessions_of("7").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_renewals_and_expires_with_its_last_session() {
    let redis = TestRedis::start().await;
    let clock = ManualClock::new(SystemClock.now());
    let driver = redis.driver.clone().with_clock(clock.clone());
    let record = |id: &str| {
        let record = Record::new(SessionId::from_stored(id).unwrap());
        record.with_owner(Some("ada"))
    };
    let save = async |id: &str, ttl| match driver.save(&record(id), Expected::Absent, ttl).await {
        Ok(Saved::Done { version, .. }) => version,
        other => panic!("{other:?}"),
    };
    let listed = async || {
        let ids = driver.owned_by("ada").await.unwrap().unwrap();
        let mut ids: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        ids.sort();
        ids
    };
    let left = async || ask::<i64>(&redis.client, &["PTTL", "session:owner:ada"]).await;

    let version = save("a", 10 * MINUTE).await;
    save("b", 20 * MINUTE).await;
    assert_eq!(listed().await, ["a", "b"]);
    let hour = 60 * 60 * 1_000;
    assert!((hour + 19 * 60_000..=hour + 20 * 60_000).contains(&left().await));

    let touched = driver.touch(&record("a"), &version, 300 * MINUTE).await;
    assert_eq!(touched.unwrap(), Touched::Done);
    assert!(left().await > 299 * 60_000);
    clock.advance(120 * MINUTE);
    assert_eq!(listed().await, ["a"], "the other one has ended");
    save("c", MINUTE).await;
    let members: i64 = ask(&redis.client, &["ZCARD", "session:owner:ada"]).await;
    assert_eq!(members, 2, "ids of ended sessions are removed");

    // A shorter life does not take an id out of the index early.
    let touched = driver.touch(&record("a"), &version, MINUTE).await;
    assert_eq!(touched.unwrap(), Touched::Done);
    assert!(left().await > 299 * 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_and_ids_may_be_any_text() {
    let redis = TestRedis::start().await;
    let long = "x".repeat(100_000);
    for (n, owner) in ["", "a:b", "{a}{b}", "a\r\nb\0c", "*[", "é😀", &long]
        .into_iter()
        .enumerate()
    {
        let id = format!("id {n}: {{}}\"\r\n");
        let record = Record::new(SessionId::from_stored(&id).unwrap()).with_owner(Some(owner));
        let saved = redis.driver.save(&record, Expected::Absent, MINUTE).await;
        assert!(matches!(saved, Ok(Saved::Done { .. })));
        let ids = redis.driver.owned_by(owner).await.unwrap().unwrap();
        assert_eq!(ids, [record.id().clone()]);
    }
    assert!(
        redis
            .driver
            .owned_by("a")
            .await
            .unwrap()
            .unwrap()
            .is_empty()
    );
}

/// An id of other software could name the key of an index, and the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_and_a_record_under_one_key_do_not_harm_each_other() {
    let redis = TestRedis::start().await;
    let manager = owned(redis.driver.clone());
    store(&manager, "user", 42).await;
    assert!(redis.driver.load("owner:42").await.unwrap().is_none());
    let record = Record::new(SessionId::from_stored("owner:42").unwrap());
    let saved = redis.driver.save(&record, Expected::Absent, MINUTE).await;
    assert!(matches!(saved, Ok(Saved::Conflict(None))), "{saved:?}");
    assert_eq!(manager.sessions_of("42").await.unwrap().len(), 1);

    let record = Record::new(SessionId::from_stored("owner:7").unwrap());
    redis
        .driver
        .save(&record, Expected::Absent, MINUTE)
        .await
        .unwrap();
    let session = manager.open(None).await.unwrap();
    session.put("user", 7).unwrap();
    let error = manager.commit(&session).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Unavailable,
        "its session could not be listed"
    );
    assert!(redis.driver.load("owner:7").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_rights_for_the_index_nothing_is_stored_that_it_misses() {
    let redis = TestRedis::start().await;
    let manager = owned(redis.driver.clone());
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "-zadd"]).await;
    let session = manager.open(None).await.unwrap();
    session.put("user", 42).unwrap();
    let error = manager.commit(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    store(&manager, "cart", 1).await;

    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "+zadd"]).await;
    store(&manager, "user", 42).await;
    assert_eq!(manager.sessions_of("42").await.unwrap().len(), 1);
    let index = keys(&redis.client).await;
    assert!(
        index.iter().any(|key| key == "session:owner:42"),
        "{index:?}"
    );
}

/// Both commands are in one packet, so the record is stored although the index is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_indexed_is_logged_out() {
    let redis = TestRedis::start().await;
    let manager = owned(redis.driver.clone());
    let guest = store(&manager, "cart", 1).await;
    let user = store(&manager, "user", 7).await;
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "-zadd"]).await;
    let session = open(&manager, &guest).await;
    session.put("user", 42).unwrap();
    let error = manager.commit(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(open(&manager, &guest).await.is_new(), "nobody could end it");
    // What the index names already needs no further right than to be looked at.
    assert!(!open(&manager, &user).await.is_new());
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "+zadd"]).await;
    assert_eq!(manager.sessions_of("42").await.unwrap().len(), 0);
}
