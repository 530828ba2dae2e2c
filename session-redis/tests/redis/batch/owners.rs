//! Saves of sessions that have an owner: a batch updates the indexes, too.

use session_core::{Driver as _, ErrorKind, SessionManager};
use session_redis::RedisDriver;

use super::overlap::start_commits;
use super::sharding_proxy::{ShardingProxy, move_half_of_the_keys};
use crate::owners::owned;
use crate::support::{RedisServer, TestRedis, ask, id_of, key_of, open, store};

/// Guests log in at the same time: by their number, each third one as the user 0, as the user 1, or not at all. Returns
/// which commits failed. Afterwards, the sessions are the same in the lists and in the store.
async fn log_in(redis: &TestRedis, manager: &SessionManager) -> Vec<usize> {
    let mut guests = Vec::new();
    for n in 0..12 {
        let token = store(manager, "n", n).await;
        let session = open(manager, &token).await;
        match n % 3 {
            2 => session.put("cart", n).unwrap(),
            user => session.put("user", user).unwrap(),
        }
        guests.push((token, session));
    }
    let mut results = Vec::new();
    let commits = async {
        for commit in start_commits(manager, &guests) {
            results.push(commit.await);
        }
    };
    let scripts = redis.count_scripts(commits).await;
    let mut failed = Vec::new();
    for (n, result) in results.into_iter().enumerate() {
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            failed.push(n);
        }
    }
    // The first save and the batch. Each that the batch left out has a script of its own.
    assert_eq!(
        scripts,
        2 + u32::try_from(failed.len()).unwrap() - u32::from(failed.contains(&0))
    );
    for user in 0..2 {
        let listed = manager.sessions_of(user).await;
        let listed = listed.map_or(0, |listed| listed.len());
        let mut live = 0;
        for (n, (token, _)) in guests.iter().enumerate().filter(|(n, _)| n % 3 == user) {
            let session = open(manager, token).await;
            assert_eq!(session.is_new(), failed.contains(&n), "nobody could end it");
            live += usize::from(!session.is_new());
        }
        assert_eq!(listed, live);
    }
    for (n, (token, _)) in guests.iter().enumerate().filter(|(n, _)| n % 3 == 2) {
        assert_eq!(open(manager, token).await.get("cart").unwrap(), Some(n));
    }
    failed
}

#[tokio::test]
async fn a_batch_names_its_sessions_in_the_indexes_of_their_owners() {
    let redis = TestRedis::batching().await;
    let manager = owned(redis.driver.clone());
    assert_eq!(log_in(&redis, &manager).await, [0; 0]);
    assert_eq!(manager.sessions_of(0).await.unwrap().len(), 4);
    assert_eq!(manager.sessions_of(1).await.unwrap().len(), 4);
    assert_eq!(manager.revoke_all_of(1, None).await.unwrap(), 4);
}

#[tokio::test]
async fn a_batch_stores_no_session_that_it_cannot_index() {
    let redis = TestRedis::batching().await;
    let manager = owned(redis.driver.clone());
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "-zadd"]).await;
    assert_eq!(log_in(&redis, &manager).await, [0, 1, 3, 4, 6, 7, 9, 10]);
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "+zadd"]).await;
    assert_eq!(log_in(&redis, &manager).await, [0; 0]);

    // A key of another type is in the way of one index.
    let redis = TestRedis::batching().await;
    let manager = owned(redis.driver.clone());
    let () = ask(&redis.client, &["SET", "session:owner:1", "x"]).await;
    assert_eq!(log_in(&redis, &manager).await, [1, 4, 7, 10]);
}

/// Nothing is stored, whether the index names the sessions already, so that a save only tidies it, or not.
#[tokio::test]
async fn a_full_server_refuses_all_saves_of_a_batch() {
    for is_known in [true, false] {
        let redis = TestRedis::batching().await;
        let manager = owned(redis.driver.clone());
        let mut sessions = Vec::new();
        for n in 0..8 {
            let token = store(&manager, if is_known { "user" } else { "n" }, n % 2).await;
            let session = open(&manager, &token).await;
            session.put("late", 1).unwrap();
            if !is_known && n % 2 == 0 {
                session.put("user", n).unwrap();
            }
            sessions.push((token, session));
        }
        let () = ask(&redis.client, &["CONFIG", "SET", "maxmemory", "1"]).await;
        for commit in start_commits(&manager, &sessions) {
            assert_eq!(commit.await.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        let () = ask(&redis.client, &["CONFIG", "SET", "maxmemory", "0"]).await;
        redis.assert_stored(&sessions, None).await;
    }
}

/// Half of the keys move to another server while the application runs. The batch goes to the server of its first key.
#[tokio::test]
async fn what_a_batch_did_not_find_is_indexed_where_it_is_stored() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let ports = [old.port, new.port];
    let proxy = ShardingProxy::start([old.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let redis = TestRedis::using(driver, old).await;
    let manager = owned(redis.driver.clone());
    redis.wait_until_batching().await;
    let mut sessions = redis.sessions(32, 1).await;
    for (n, (token, session)) in sessions.iter_mut().enumerate() {
        *session = open(&manager, token).await;
        session.put("user", n % 2).unwrap();
    }
    move_half_of_the_keys(&redis, &new).await;
    proxy.set_servers(ports);
    for commit in start_commits(&manager, &sessions) {
        commit.await.unwrap();
    }
    let indexed = async |n: usize| {
        let ids = redis.driver.owned_by(&(n % 2).to_string()).await;
        let ids = ids.unwrap().unwrap();
        ids.iter().any(|id| id.as_str() == id_of(&sessions[n].0))
    };
    let shard = |n: usize| ShardingProxy::shard_of(&key_of(&sessions[n].0));
    for n in 0..32 {
        // The first one was sent alone. The index of an owner on the other server misses what the batch stored.
        let is_missed = n > 0 && shard(n) == shard(1) && shard(1) != n % 2;
        assert_eq!(indexed(n).await, !is_missed, "{n}");
    }
}
