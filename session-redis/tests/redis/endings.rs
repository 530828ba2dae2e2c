//! The endings of sessions, as another server hears them.

use std::time::Duration;

use session_core::{Driver as _, Expected, Record, Saved, SessionId};
use session_redis::{Ending, Endings, RedisDriver};

use crate::support::{RedisServer, TestRedis, ask, commit, id_of, manager, open, store};

const MINUTE: Duration = Duration::from_secs(60);

async fn announcing(url: String) -> RedisDriver {
    let driver = RedisDriver::builder(url).announce_endings();
    driver.connect().await.unwrap()
}

async fn next(endings: &mut Endings) -> Ending {
    let next = tokio::time::timeout(Duration::from_secs(20), endings.next()).await;
    next.expect("an ending").unwrap()
}

fn of(id: &str) -> Ending {
    Ending::Session(SessionId::from_stored(id).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn logouts_revocations_and_old_ids_are_heard_on_another_server() {
    let server = RedisServer::start();
    let (here, there) = (
        announcing(server.url()).await,
        announcing(server.url()).await,
    );
    let mut endings = there.endings().await.unwrap();
    let manager = manager(here.clone());
    let logout = store(&manager, "n", 1).await;
    let session = open(&manager, &logout).await;
    session.destroy().unwrap();
    manager.commit(&session).await.unwrap();
    assert_eq!(next(&mut endings).await, of(id_of(&logout)));

    let revoked = store(&manager, "n", 1).await;
    let id = SessionId::from_stored(id_of(&revoked)).unwrap();
    manager.revoke(&id).await.unwrap();
    assert_eq!(next(&mut endings).await, Ending::Session(id.clone()));
    // It has ended already, so this is no news.
    here.destroy(&id).await.unwrap();

    let old = store(&manager, "n", 1).await;
    let session = open(&manager, &old).await;
    session.regenerate().unwrap();
    let new = commit(&manager, &session).await;
    assert_eq!(next(&mut endings).await, of(id_of(&old)));

    for text in ["a\r\nb\0{}", "é😀"] {
        let id = SessionId::from_stored(text).unwrap();
        let record = Record::new(id.clone());
        let saved = here.save(&record, Expected::Absent, MINUTE).await;
        assert!(matches!(saved, Ok(Saved::Done { .. })));
        here.destroy(&id).await.unwrap();
        // Without a grace period, the old id ended twice: it moved, then it was removed.
        let mut heard = next(&mut endings).await;
        if heard == of(id_of(&old)) {
            heard = next(&mut endings).await;
        }
        assert_eq!(heard, of(text));
    }
    assert!(!open(&manager, &new).await.is_new());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_driver_that_announces_tells_anything() {
    let redis = TestRedis::start().await;
    let mut endings = redis.driver.endings().await.unwrap();
    let silent = SessionId::from_stored("silent").unwrap();
    let loud = SessionId::from_stored("loud").unwrap();
    for id in [&silent, &loud] {
        let record = Record::new(id.clone());
        let saved = redis.driver.save(&record, Expected::Absent, MINUTE);
        saved.await.unwrap();
    }
    redis.driver.destroy(&silent).await.unwrap();
    let announcing = redis.driver.clone().announcing_endings();
    announcing.destroy(&loud).await.unwrap();
    assert_eq!(next(&mut endings).await, of("loud"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_connection_the_endings_go_on_and_say_that_some_may_be_missed() {
    let redis = TestRedis::start().await;
    let driver = announcing(redis.server.url()).await;
    let mut endings = driver.endings().await.unwrap();
    let killed: i64 = ask(&redis.client, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    assert_eq!(killed, 1);
    assert_eq!(next(&mut endings).await, Ending::Missed);
    let token = store(&redis.manager, "n", 1).await;
    let id = SessionId::from_stored(id_of(&token)).unwrap();
    driver.destroy(&id).await.unwrap();
    let mut heard = next(&mut endings).await;
    while heard == Ending::Missed {
        heard = next(&mut endings).await;
    }
    assert_eq!(heard, Ending::Session(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_publish_the_driver_does_not_start() {
    let redis = TestRedis::start().await;
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "-publish"]).await;
    let driver = RedisDriver::builder(redis.server.url()).announce_endings();
    let error = driver.connect().await.unwrap_err();
    assert_eq!(error.setting(), "REDIS_URL");
    assert!(error.to_string().contains("PUBLISH"), "{error}");
    assert!(RedisDriver::connect(redis.server.url()).await.is_ok());
    let error = redis.driver.endings().await.unwrap_err();
    assert_eq!(error.kind(), session_core::ErrorKind::Unavailable);
}
