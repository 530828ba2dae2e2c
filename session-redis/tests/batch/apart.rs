//! Servers that are several behind one address: each save goes alone there.

use std::time::{Duration, Instant};

use session_core::Outcome;
use session_redis::RedisDriver;

use crate::common::{Server, ServerExt as _, ask, keys, text};
use crate::sharding::Sharding;
use crate::site::Site;

/// As a node of a Cluster that is taken for a single server.
#[tokio::test]
async fn where_several_keys_are_refused_each_goes_alone() {
    let server = Server::with(&["--cluster-enabled", "yes"]);
    for first in (0..16_384).step_by(4_096) {
        let slots: Vec<_> = (first..first + 4_096)
            .map(|slot| slot.to_string())
            .collect();
        assert_eq!(
            server.run(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))),
            "+OK"
        );
    }
    let end = Instant::now() + Duration::from_secs(10);
    while !server.run("SET probe 1").starts_with("+OK") {
        assert!(Instant::now() < end, "the node does not serve");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let site = Site::before(RedisDriver::connect(server.url()).await.unwrap(), &server).await;
    let mut sent = 0;
    for late in 0..8 {
        let sessions = site.sessions(8, late).await;
        sent += site.scripts_of(site.all_are_stored(&sessions, late)).await;
    }
    // And once it was tried.
    assert_eq!(sent, 8 * 8 + 1);
    assert_leaves_nothing(&[server]).await;
}

/// A proxy may send a script to the server that has its first key, without a look at the others, which are not there.
#[tokio::test]
async fn where_only_the_first_key_is_found_each_goes_alone() {
    let servers = [Server::start(), Server::start()];
    let proxy = Sharding::before(servers.each_ref().map(|server| server.port)).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let site = Site::before(driver, &servers[0]).await;
    for late in 0..8 {
        let sessions = site.sessions(32, late).await;
        site.all_are_stored(&sessions, late).await;
    }
    for server in &servers {
        assert_ne!(keys(&server.client().await).await, [""; 0]);
    }
    let sessions = site.sessions(32, 9).await;
    let before = proxy.scripts();
    site.all_are_stored(&sessions, 9).await;
    assert_eq!(proxy.scripts() - before, 32);
    assert_leaves_nothing(&servers).await;
}

/// Half of the keys move to another server while the application runs.
#[tokio::test]
async fn where_keys_come_apart_no_save_is_lost() {
    let servers = [Server::start(), Server::start()];
    let ports = servers.each_ref().map(|server| server.port);
    let proxy = Sharding::before([ports[0], ports[0]]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let site = Site::before(driver, &servers[0]).await;
    site.settle().await;
    let sessions = site.sessions(32, 1).await;
    let (old, new) = (&site.client, servers[1].client().await);
    for key in keys(old).await {
        if Sharding::shard_of(&key) == 1 {
            let value = text(old, &key).await.unwrap();
            let () = ask(&new, &["SET", &key, &value, "PX", "60000"]).await;
            let _: i64 = ask(old, &["DEL", &key]).await;
        }
    }
    proxy.split(ports);
    sessions[9].1.regenerate().unwrap();
    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        assert!(matches!(outcome.unwrap(), Outcome::Set(_)), "{n}");
    }
    site.all_hold(&sessions[..9], Some(1)).await;
    site.all_hold(&sessions[10..], Some(1)).await;
    for late in 2..8 {
        let sessions = site.sessions(32, late).await;
        site.all_are_stored(&sessions, late).await;
    }
    // By now it is known.
    let sessions = site.sessions(32, 9).await;
    let before = proxy.scripts();
    site.all_are_stored(&sessions, 9).await;
    assert_eq!(proxy.scripts() - before, 32);
}

/// Those that met fail, as with any error of the server, and the next ones do not.
#[tokio::test]
async fn where_several_keys_come_to_be_refused_it_is_noticed() {
    let server = Server::start();
    let proxy = Sharding::before([server.port; 2]).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let site = Site::before(driver, &server).await;
    site.settle().await;
    let sessions = site.sessions(8, 1).await;
    proxy.refuse_several();
    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n > 0, "{n}: {outcome:?}");
    }
    site.all_hold(&sessions[..1], Some(1)).await;
    site.all_hold(&sessions[1..], None).await;
    for late in 2..10 {
        let sessions = site.sessions(8, late).await;
        site.all_are_stored(&sessions, late).await;
    }
}

/// Of the keys by which it was tried.
async fn assert_leaves_nothing(servers: &[Server]) {
    for server in servers {
        let left: Vec<String> = ask(&server.client().await, &["KEYS", "*session-probe*"]).await;
        assert_eq!(left, [""; 0]);
    }
}
