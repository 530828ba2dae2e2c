//! Several managers in one process, and the ways to reach a server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{ErrorKind, Outcome, SessionManager, Token};
use session_redis::RedisDriver;

use crate::common::{
    Server, ServerExt as _, age, ask, commit, id_of, info, key_of, keys, manager, open, stored,
};

#[tokio::test(flavor = "multi_thread")]
async fn managers_of_two_servers_do_not_disturb_each_other() {
    let (one, two) = (Server::start(), Server::start());
    let sites = [one.manager().await, two.manager().await];
    assert_apart(&sites).await;
    for server in [&one, &two] {
        assert_eq!(keys(&server.client().await).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_of_two_prefixes_do_not_disturb_each_other() {
    let server = Server::start();
    let mut sites = Vec::new();
    // The second begins with the first, and the third with nothing.
    for prefix in ["shop:", "shop:admin:", ""] {
        let driver = RedisDriver::builder(server.url()).prefix(prefix);
        sites.push(manager(driver.connect().await.unwrap()));
    }
    for pair in [[0, 1], [1, 2], [2, 0]] {
        assert_apart(&pair.map(|n| sites[n].clone())).await;
    }
    let keys = keys(&server.client().await).await;
    let prefixes = keys.iter().map(|key| &key[..key.len() - 36]);
    let prefixes: BTreeSet<_> = prefixes.collect();
    assert_eq!(prefixes, BTreeSet::from(["", "shop:", "shop:admin:"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_of_two_databases_do_not_disturb_each_other() {
    let server = Server::start();
    let mut sites = Vec::new();
    for database in 0..2 {
        let url = format!("{}/{database}", server.url());
        sites.push(manager(RedisDriver::connect(url).await.unwrap()));
    }
    let sites: [SessionManager; 2] = sites.try_into().unwrap();
    assert_apart(&sites).await;
    let client = server.client().await;
    let spaces = info(&client, "keyspace").await;
    assert!(spaces["db0"].starts_with("keys=1,"), "{spaces:?}");
    assert!(spaces["db1"].starts_with("keys=1,"), "{spaces:?}");

    // Also once the connections were cut: each goes back to its database.
    let token = stored(&sites[1], "user", 42).await;
    cut(&client).await;
    let session = until_available(&sites[1], &token).await;
    assert_eq!(session.get("user").unwrap(), Some(42));
    until_available(&sites[0], &token).await;
    assert!(open(&sites[0], &token).await.is_new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_over_its_unix_socket() {
    let server = Server::with(&["--unixsocket", "redis.sock"]);
    let by_default = RedisDriver::connect(server.url()).await.unwrap();
    assert_eq!(by_default.pool().size(), 1);
    let path = &server.path("redis.sock");
    let driver = RedisDriver::builder(format!("redis+unix://{path}"))
        .pool_size(3)
        .connect()
        .await
        .unwrap();
    assert_works(&manager(driver)).await;
    let clients: String = ask(&server.client().await, &["CLIENT", "LIST"]).await;
    let local = clients.lines().filter(|line| line.contains("redis.sock"));
    assert_eq!(local.count(), 3, "the pool's connections: {clients}");
}

/// The list in the crate's documentation, so that it stays true.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_documented_rights_may_do_all_that_sessions_need() {
    let documented = "~session:* +get +getrange +set +del +pttl +eval +evalsha \
                      +hello +auth +select +ping +info +client";
    assert_eq!(refusals(documented, "").await, none());
    assert_eq!(refusals(documented, "/1").await, none());
}

/// Of what follows in that list after the commands of the sessions themselves, `SELECT` is needed for a database
/// other than 0, and `INFO` and `CLIENT ID` keep the server's log of refusals empty: the client asks for both when
/// it connects, and goes on without.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_rights_are_enough() {
    let quiet = format!("~session:* {MINIMUM} +info +client|id");
    assert_eq!(refusals(&quiet, "").await, none());
    assert_eq!(refusals(&format!("{quiet} +select"), "/1").await, none());
    let noisy = refusals(&format!("~session:* {MINIMUM}"), "").await;
    assert_eq!(
        noisy,
        BTreeSet::from(["client|id", "info"].map(str::to_owned))
    );
}

/// And none less.
#[tokio::test(flavor = "multi_thread")]
async fn every_single_right_of_those_is_needed() {
    let server = Server::start();
    let client = server.client().await;
    for right in MINIMUM.split(' ') {
        let rights = MINIMUM.replace(&format!("{right} "), "");
        let rights = rights.strip_suffix(right).unwrap_or(&rights).trim();
        assert_eq!(rights.len(), MINIMUM.len() - right.len() - 1);
        allow(&client, &format!("~session:* {rights}")).await;
        let () = ask(&client, &["SCRIPT", "FLUSH"]).await;
        if let Ok(driver) = RedisDriver::connect(user_url(&server, "")).await {
            assert!(is_hindered(&manager(driver), &client).await, "{right}");
        }
    }
}

/// The right to the prefix's keys is enough, and other keys are out of reach.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_one_prefix_cannot_have_another() {
    let server = Server::start();
    let client = server.client().await;
    allow(&client, &format!("~session:* {MINIMUM}")).await;
    let driver = RedisDriver::builder(user_url(&server, "")).prefix("other:");
    assert_eq!(driver.connect().await.unwrap_err().setting(), "REDIS_URL");
    assert_eq!(keys(&client).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applications_own_pool_serves_sessions_and_itself() {
    let server = Server::start();
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
    assert_eq!(keys(&server.client().await).await, expected);
    // Both ways it is the same pool, and the driver's end is not the pool's.
    assert_eq!(driver.pool().size(), 2);
    drop(driver);
    assert_eq!(pool.get::<u32, _>("theirs").await.unwrap(), 1);

    let error = RedisDriver::from_pool(pool, "a b", timeout).unwrap_err();
    assert_eq!(
        error.to_string(),
        "SESSION_PREFIX: \"a b\" contains ' '; use letters, digits and colons, such as \"session:\""
    );
}

/// One secret and so one signature: what keeps sessions apart is where they are stored.
async fn assert_apart(sites: &[SessionManager; 2]) {
    let token = assert_works(&sites[0]).await;
    let session = open(&sites[1], &token).await;
    assert!(session.is_new() && session.is_available());
    session.put("user", 7).unwrap();
    let other = commit(&sites[1], &session).await;
    assert_ne!(id_of(&other), id_of(&token));
    // Ended in one place, it goes on in the other.
    let session = open(&sites[1], &other).await;
    session.destroy().unwrap();
    assert_eq!(sites[1].commit(&session).await.unwrap(), Outcome::Clear);
    assert!(open(&sites[1], &other).await.is_new());
    assert_eq!(open(&sites[0], &token).await.get("user").unwrap(), Some(8));
    stored(&sites[1], "user", 7).await;
}

/// Every command that sessions need; returns a session that stays.
async fn assert_works(manager: &SessionManager) -> Token {
    let token = stored(manager, "user", 7).await;
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
    let ended = stored(manager, "user", 1).await;
    let session = open(manager, &ended).await;
    session.destroy().unwrap();
    assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Clear);
    assert!(open(manager, &ended).await.is_new());
    token
}

/// Lets sessions live with these rights, and returns what the server refused meanwhile.
async fn refusals(rights: &str, database: &str) -> BTreeSet<String> {
    let server = Server::start();
    let client = server.client().await;
    allow(&client, rights).await;
    let driver = RedisDriver::connect(user_url(&server, database))
        .await
        .unwrap();
    let manager = manager(driver);
    let token = assert_works(&manager).await;
    age(&database_client(&server, database).await, &key_of(&token)).await;
    let session = open(&manager, &token).await;
    assert_eq!(commit(&manager, &session).await, token);
    // A server that forgot the scripts, and new connections.
    let () = ask(&client, &["SCRIPT", "FLUSH"]).await;
    cut(&client).await;
    until_available(&manager, &token).await;
    assert_works(&manager).await;
    let log: Vec<HashMap<String, Value>> = ask(&client, &["ACL", "LOG"]).await;
    let objects = log.iter().map(|entry| entry["object"].as_string().unwrap());
    objects.collect()
}

fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

/// Whether some request fails for want of a right.
async fn is_hindered(manager: &SessionManager, client: &Client) -> bool {
    let session = manager.open(None).await.unwrap();
    session.put("user", 42).unwrap();
    let Ok(Outcome::Set(token)) = manager.commit(&session).await else {
        return true;
    };
    let session = open(manager, &token).await;
    if !session.is_available() {
        return true;
    }
    session.put("user", 7).unwrap();
    if manager.commit(&session).await.is_err() {
        return true;
    }
    age(client, &key_of(&token)).await;
    let session = open(manager, &token).await;
    if manager.commit(&session).await.is_err() {
        return true;
    }
    let session = open(manager, &token).await;
    session.destroy().unwrap();
    let destroyed = manager.commit(&session).await;
    destroyed.is_err_and(|error| error.kind() == ErrorKind::Unavailable)
}

async fn allow(client: &Client, rights: &str) {
    let mut words = vec!["ACL", "SETUSER", "app", "reset", "on", ">a password"];
    words.extend(rights.split_whitespace());
    let () = ask(client, &words).await;
    let () = ask(client, &["ACL", "LOG", "RESET"]).await;
}

fn user_url(server: &Server, database: &str) -> String {
    format!(
        "redis://app:a%20password@127.0.0.1:{}{database}",
        server.port
    )
}

/// Cuts all connections but this one.
async fn cut(client: &Client) {
    let cut: u32 = ask(
        client,
        &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
    )
    .await;
    assert!(cut > 0);
}

async fn database_client(server: &Server, database: &str) -> Client {
    let config = Config::from_url(&format!("{}{database}", server.url())).unwrap();
    let client = Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    client
}

async fn until_available(manager: &SessionManager, token: &Token) -> session_core::Session {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let session = open(manager, token).await;
        if session.is_available() {
            return session;
        }
        assert!(Instant::now() < end, "it does not come back");
    }
}

const MINIMUM: &str = "+get +getrange +set +del +pttl +eval +evalsha";
