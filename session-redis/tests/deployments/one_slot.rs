//! No command has keys in two slots of a Cluster.

use std::time::Duration;

use session_core::{SessionManager, Token};
use session_redis::RedisDriver;

use crate::nodes::Cluster;
use crate::support::{commit, open, secret, store};
use crate::{redis_cli, within};

/// Sessions with owners use two keys each: the record, and the owner's index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_has_keys_in_two_slots() {
    let cluster = Cluster::start(0, &[]);
    within(Duration::from_secs(60), async {
        let driver = RedisDriver::builder(cluster.url(0..3)).announce_endings();
        let driver = driver.connect().await.unwrap();
        let builder = SessionManager::builder(driver.clone(), secret());
        let builder = builder.owner_key("user").sessions_per_owner(8);
        let manager = builder.grace(Duration::ZERO);
        let manager = manager.build().unwrap();

        let mut tokens = Vec::new();
        for n in 0..24 {
            tokens.push(store(&manager, "user", n / 4).await);
        }
        let requests = tokens.iter().map(|token| {
            let (manager, token) = (manager.clone(), token.clone());
            tokio::spawn(async move { use_session(&manager, &token).await })
        });
        for request in requests.collect::<Vec<_>>() {
            request.await.unwrap();
        }
        for user in 0..6 {
            let owner = user.to_string();
            let sessions = manager.sessions_of(&owner).await.unwrap();
            assert_eq!(sessions.len(), 4, "{user}");
            let id = sessions[0].id().clone();
            manager.revoke(&id).await.unwrap();
            assert_eq!(manager.revoke_all_of(&owner, None).await.unwrap(), 3);
        }
        for n in 0..9 {
            store(&manager, "user", 7).await;
            assert!(manager.sessions_of("7").await.unwrap().len() <= 8, "{n}");
        }
        assert_eq!(driver.count().await.unwrap(), 8);

        assert_eq!(rejected(&cluster), 0);
        // The servers do count them.
        redis_cli(cluster.servers[0].port, &["mget", "a", "b"]);
        assert_eq!(rejected(&cluster), 1);
    })
    .await;
}

/// Overlapping reads and writes of one session, then a new id.
async fn use_session(manager: &SessionManager, token: &Token) {
    let request = async |n: u32| {
        let session = open(manager, token).await;
        session.put(&format!("key{n}"), n).unwrap();
        manager.commit(&session).await.unwrap();
    };
    tokio::join!(request(0), request(1), request(2), request(3));
    let session = open(manager, token).await;
    for n in 0..4 {
        assert_eq!(session.get(&format!("key{n}")).unwrap(), Some(n));
    }
    session.regenerate().unwrap();
    commit(manager, &session).await;
}

/// Counts the commands that the nodes rejected because of their slots.
fn rejected(cluster: &Cluster) -> u32 {
    let count = |port| {
        let stats = redis_cli(port, &["info", "errorstats"]);
        let line = stats
            .lines()
            .find_map(|line| line.strip_prefix("errorstat_CROSSSLOT:count="));
        line.map_or(0, |count| count.trim().parse::<u32>().unwrap())
    };
    cluster
        .servers
        .iter()
        .map(|server| count(server.port))
        .sum()
}
