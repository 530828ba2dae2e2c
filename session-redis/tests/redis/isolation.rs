//! Several managers in one process, and the ways to reach a server.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{Outcome, Session, SessionManager, Token};
use session_redis::RedisDriver;

use crate::support::{RedisServer, ask, client, commit, id_of, info, keys, manager, open, store};

#[tokio::test(flavor = "multi_thread")]
async fn managers_of_several_prefixes_are_isolated() {
    let server = RedisServer::start();
    let mut managers = Vec::new();
    // The second starts with the first, and the third is empty.
    for prefix in ["shop:", "shop:admin:", ""] {
        let driver = RedisDriver::builder(server.url()).prefix(prefix);
        managers.push(manager(driver.connect().await.unwrap()));
    }
    for pair in [[0, 1], [1, 2], [2, 0]] {
        assert_isolated(pair.map(|n| &managers[n])).await;
    }
    let keys = keys(&client(&server.url()).await).await;
    let prefixes = keys.iter().map(|key| &key[..key.len() - 36]);
    let prefixes: BTreeSet<_> = prefixes.collect();
    assert_eq!(prefixes, BTreeSet::from(["", "shop:", "shop:admin:"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_of_two_databases_are_isolated() {
    let server = RedisServer::start();
    let mut managers = Vec::new();
    for database in 0..2 {
        let url = format!("{}/{database}", server.url());
        managers.push(manager(RedisDriver::connect(url).await.unwrap()));
    }
    assert_isolated([&managers[0], &managers[1]]).await;
    let client = client(&server.url()).await;
    let spaces = info(&client, "keyspace").await;
    assert!(spaces["db0"].starts_with("keys=1,"), "{spaces:?}");
    assert!(spaces["db1"].starts_with("keys=1,"), "{spaces:?}");

    // After a reconnect, each driver is back in its database.
    let token = store(&managers[1], "user", 42).await;
    cut_connections(&client).await;
    let session = wait_until_available(&managers[1], &token).await;
    assert_eq!(session.get("user").unwrap(), Some(42));
    wait_until_available(&managers[0], &token).await;
    assert!(open(&managers[0], &token).await.is_new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reachable_through_its_unix_socket() {
    let server = RedisServer::with(&["--unixsocket", "redis.sock"]);
    let by_default = RedisDriver::connect(server.url()).await.unwrap();
    assert_eq!(by_default.pool().size(), 1);
    let path = &server.path("redis.sock");
    let driver = RedisDriver::builder(format!("redis+unix://{path}"))
        .pool_size(3)
        .connect()
        .await
        .unwrap();
    assert_works(&manager(driver)).await;
    let clients: String = ask(&client(&server.url()).await, &["CLIENT", "LIST"]).await;
    let local = clients.lines().filter(|line| line.contains("redis.sock"));
    assert_eq!(local.count(), 3, "the pool's connections: {clients}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_can_share_its_own_pool() {
    let server = RedisServer::start();
    let config = Config::from_url(&server.url()).unwrap();
    let mut builder = Builder::from_config(config);
    builder.with_connection_config(|connection| connection.max_command_attempts = 1);
    let pool = builder.build_pool(2).unwrap();
    pool.init().await.unwrap();
    let () = pool.set("theirs", 1, None, None, false).await.unwrap();
    let timeout = Duration::from_secs(1);
    let driver = RedisDriver::from_pool(pool.clone(), "app:", timeout).unwrap();
    let token = assert_works(&manager(driver.clone())).await;

    let expected = [format!("app:{}", id_of(&token)), "theirs".to_owned()];
    assert_eq!(keys(&client(&server.url()).await).await, expected);
    // It is the same pool, and it outlives the driver.
    assert_eq!(driver.pool().size(), 2);
    drop(driver);
    assert_eq!(pool.get::<u32, _>("theirs").await.unwrap(), 1);

    let error = RedisDriver::from_pool(pool, "a b", timeout).unwrap_err();
    assert_eq!(
        error.to_string(),
        "SESSION_PREFIX: \"a b\" contains ' '; use letters, digits and colons, such as \"session:\""
    );
}

/// Both managers accept the signature, so only the place of storage isolates the sessions.
async fn assert_isolated([one, two]: [&SessionManager; 2]) {
    let token = assert_works(one).await;
    let session = open(two, &token).await;
    assert!(session.is_new() && session.is_available());
    session.put("user", 7).unwrap();
    let other = commit(two, &session).await;
    assert_ne!(id_of(&other), id_of(&token));
    // A logout here does not end the session there.
    let session = open(two, &other).await;
    session.destroy().unwrap();
    assert_eq!(two.commit(&session).await.unwrap(), Outcome::Clear);
    assert!(open(two, &other).await.is_new());
    assert_eq!(open(one, &token).await.get("user").unwrap(), Some(8));
    store(two, "user", 7).await;
}

/// Runs every command that sessions need, and returns a session that stays.
pub(super) async fn assert_works(manager: &SessionManager) -> Token {
    let token = store(manager, "user", 7).await;
    let (first, second) = (open(manager, &token).await, open(manager, &token).await);
    for session in [first, second] {
        session.update("user", 0, |n: u32| n + 1).unwrap();
        commit(manager, &session).await;
    }
    let session = open(manager, &token).await;
    assert_eq!(session.get("user").unwrap(), Some(9));
    session.regenerate().unwrap();
    session.put("user", 8).unwrap();
    let token = commit(manager, &session).await;
    let ended = store(manager, "user", 1).await;
    let session = open(manager, &ended).await;
    session.destroy().unwrap();
    assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Clear);
    assert!(open(manager, &ended).await.is_new());
    token
}

/// Cuts all connections except this one.
pub(super) async fn cut_connections(client: &Client) {
    let cut: u32 = ask(
        client,
        &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
    )
    .await;
    assert!(cut > 0);
}

pub(super) async fn wait_until_available(manager: &SessionManager, token: &Token) -> Session {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let session = open(manager, token).await;
        if session.is_available() {
            return session;
        }
        assert!(Instant::now() < end, "the driver does not recover");
    }
}
