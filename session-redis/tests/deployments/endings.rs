//! The endings of sessions on a Cluster.

use std::time::Duration;

use session_core::SessionManager;
use session_core::{Driver as _, SessionId, Token};
use session_redis::{Ending, Endings, RedisDriver};

use crate::nodes::Cluster;
use crate::slots::third;
use crate::support::{commit, id_of, manager, open, store};
use crate::{redis_cli, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endings_on_every_master_are_heard_until_and_after_a_master_dies() {
    let mut cluster = Cluster::start(1, &[]);
    within(Duration::from_secs(90), async {
        let here = announcing(&cluster).await;
        let mut endings = announcing(&cluster).await.endings().await.unwrap();
        let sessions = manager(here.clone());
        for master in 0..3 {
            let token = store_on(&sessions, master).await;
            here.destroy(&id(&token)).await.unwrap();
            assert_eq!(endings.next().await, Some(Ending::Session(id(&token))));
        }
        let token = store(&sessions, "n", 1).await;
        let session = open(&sessions, &token).await;
        session.regenerate().unwrap();
        commit(&sessions, &session).await;
        assert_eq!(endings.next().await, Some(Ending::Session(id(&token))));

        let masters = &mut cluster.servers[..3];
        let listened = masters
            .iter_mut()
            .find(|master| {
                !redis_cli(master.port, &["client", "list", "type", "pubsub"]).is_empty()
            })
            .expect("a subscription");
        listened.kill();
        while endings.next().await != Some(Ending::Missed) {}
        assert_heard_again(&sessions, &here, &mut endings).await;
    })
    .await;
}

/// Ends sessions until one is heard: the subscription may move once more.
async fn assert_heard_again(sessions: &SessionManager, here: &RedisDriver, endings: &mut Endings) {
    loop {
        let session = sessions.open(None).await.unwrap();
        session.put("n", 1).unwrap();
        let Ok(session_core::Outcome::Set(token)) = sessions.commit(&session).await else {
            continue;
        };
        if here.destroy(&id(&token)).await.is_err() {
            continue;
        }
        let heard = tokio::time::timeout(Duration::from_secs(1), endings.next()).await;
        if heard == Ok(Some(Ending::Session(id(&token)))) {
            return;
        }
    }
}

async fn announcing(cluster: &Cluster) -> RedisDriver {
    let driver = RedisDriver::builder(cluster.url(0..6)).announce_endings();
    driver.connect().await.unwrap()
}

/// Stores a session in this third of the slots.
async fn store_on(sessions: &SessionManager, master: usize) -> Token {
    loop {
        let token = store(sessions, "n", 1).await;
        if third(&token) == master {
            return token;
        }
    }
}

fn id(token: &Token) -> SessionId {
    SessionId::from_stored(id_of(token)).unwrap()
}
