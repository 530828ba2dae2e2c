//! What sessions do everywhere.

use std::time::Duration;

use session_core::{Outcome, SessionManager};
use session_redis::RedisDriver;

use crate::common::{commit, manager, open, secret, stored};

/// Runs all of them, each on a session of its own.
pub(crate) async fn pass(driver: &RedisDriver) {
    let manager = manager(driver.clone());
    // A dozen, so that in a Cluster no slot range is spared.
    for n in 0..12 {
        a_new_session_is_stored_and_read(&manager, n).await;
        overlapping_updates_all_count(&manager, if n == 0 { 32 } else { 4 }).await;
        a_regenerated_session_lives_under_its_new_id_only(&manager).await;
        a_destroyed_session_stays_destroyed(&manager).await;
        flash_is_shown_once(&manager).await;
    }
    sessions_are_renewed_and_expire(driver).await;
}

async fn a_new_session_is_stored_and_read(manager: &SessionManager, n: u32) {
    let token = stored(manager, "n", n).await;
    let session = open(manager, &token).await;
    assert!(!session.is_new() && session.is_available());
    assert_eq!(session.get("n").unwrap(), Some(n));
    session.put("m", n + 1).unwrap();
    commit(manager, &session).await;
    let session = open(manager, &token).await;
    assert_eq!(
        (session.get("n").unwrap(), session.get("m").unwrap()),
        (Some(n), Some(n + 1))
    );
    assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Keep);
}

async fn overlapping_updates_all_count(manager: &SessionManager, requests: u32) {
    let token = stored(manager, "n", 0).await;
    let mut commits = Vec::new();
    for _ in 0..requests {
        let (manager, session) = (manager.clone(), open(manager, &token).await);
        session.update("n", 0, |n: u32| n + 1).unwrap();
        commits.push(tokio::spawn(
            async move { commit(&manager, &session).await },
        ));
    }
    for commit in commits {
        commit.await.unwrap();
    }
    assert_eq!(
        open(manager, &token).await.get("n").unwrap(),
        Some(requests)
    );
}

async fn a_regenerated_session_lives_under_its_new_id_only(manager: &SessionManager) {
    let old = stored(manager, "n", 1).await;
    let session = open(manager, &old).await;
    session.regenerate().unwrap();
    let new = commit(manager, &session).await;
    assert_ne!(old, new);
    assert_eq!(open(manager, &new).await.get("n").unwrap(), Some(1));
    assert!(open(manager, &old).await.is_new());
}

async fn a_destroyed_session_stays_destroyed(manager: &SessionManager) {
    let token = stored(manager, "n", 1).await;
    let slow = open(manager, &token).await;
    let session = open(manager, &token).await;
    session.destroy().unwrap();
    assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Clear);
    slow.put("n", 2).unwrap();
    assert_eq!(manager.commit(&slow).await.unwrap(), Outcome::Keep);
    assert!(open(manager, &token).await.is_new());
}

async fn flash_is_shown_once(manager: &SessionManager) {
    let session = manager.open(None).await.unwrap();
    session.flash("notice", "hello").unwrap();
    let token = commit(manager, &session).await;
    for shown in [Some("hello".to_owned()), None] {
        let session = open(manager, &token).await;
        assert_eq!(session.get_flash::<String>("notice").unwrap(), shown);
        manager.commit(&session).await.unwrap();
    }
}

async fn sessions_are_renewed_and_expire(driver: &RedisDriver) {
    let lifetime = Duration::from_secs(2);
    let manager = SessionManager::builder(driver.clone(), secret())
        .lifetime(lifetime)
        .build()
        .unwrap();
    let (used, unused) = (
        stored(&manager, "n", 1).await,
        stored(&manager, "n", 1).await,
    );
    // Once half the lifetime is spent, reading renews.
    tokio::time::sleep(lifetime * 6 / 10).await;
    commit(&manager, &open(&manager, &used).await).await;
    tokio::time::sleep(lifetime * 6 / 10).await;
    assert!(!open(&manager, &used).await.is_new(), "it was renewed");
    assert!(open(&manager, &unused).await.is_new(), "it was not used");
    tokio::time::sleep(lifetime * 6 / 10).await;
    let ended = open(&manager, &used).await;
    assert!(ended.is_new() && ended.is_available());
}
