//! The permissions that the Redis user needs.

use std::collections::{BTreeSet, HashMap};

use fred::prelude::*;
use session_core::{ErrorKind, Outcome, SessionManager};
use session_redis::RedisDriver;

use super::isolation::{assert_works, cut_connections, wait_until_available};
use crate::support::{
    RedisServer, TestRedis, age, ask, client, commit, default_manager, key_of, keys, manager, open,
};

/// The list in the crate documentation.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_permissions_are_enough() {
    let documented = "~session:* +get +mget +getrange +set +del +pttl +eval +evalsha \
                      +hello +auth +select +ping +info +client";
    assert_eq!(denials(documented, "").await, BTreeSet::new());
    assert_eq!(denials(documented, "/1").await, BTreeSet::new());
}

/// Beyond the commands of the sessions, that list has `SELECT`, which only a database other than 0
/// needs, and `INFO` and `CLIENT ID`, which keep the server's ACL log empty. The client asks for
/// both when it connects and works without them.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_permissions_are_enough() {
    let quiet = format!("~session:* {MINIMUM} +info +client|id");
    assert_eq!(denials(&quiet, "").await, BTreeSet::new());
    assert_eq!(
        denials(&format!("{quiet} +select"), "/1").await,
        BTreeSet::new()
    );
    let noisy = denials(&format!("~session:* {MINIMUM}"), "").await;
    assert_eq!(
        noisy,
        BTreeSet::from(["client|id", "info"].map(str::to_owned))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_those_permissions_is_needed() {
    let redis = TestRedis::start().await;
    for permission in MINIMUM.split(' ') {
        let others = MINIMUM.replace(&format!("{permission} "), "");
        let others = others.strip_suffix(permission).unwrap_or(&others).trim();
        assert_eq!(others.len(), MINIMUM.len() - permission.len() - 1);
        allow(&redis.client, &format!("~session:* {others}")).await;
        let () = ask(&redis.client, &["SCRIPT", "FLUSH"]).await;
        if let Ok(driver) = RedisDriver::connect(user_url(&redis.server, "")).await {
            assert!(
                some_request_fails(&default_manager(driver), &redis.client).await,
                "{permission}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_one_prefix_cannot_use_another() {
    let redis = TestRedis::start().await;
    allow(&redis.client, &format!("~session:* {MINIMUM}")).await;
    let driver = RedisDriver::builder(user_url(&redis.server, "")).prefix("other:");
    assert_eq!(driver.connect().await.unwrap_err().setting(), "REDIS_URL");
    assert_eq!(keys(&redis.client).await, [""; 0]);
}

/// Runs sessions with these permissions and returns the commands that the server denied.
async fn denials(permissions: &str, database: &str) -> BTreeSet<String> {
    let redis = TestRedis::start().await;
    allow(&redis.client, permissions).await;
    let url = user_url(&redis.server, database);
    let driver = RedisDriver::connect(url).await.unwrap();
    let (manager, renewing) = (manager(driver.clone()), default_manager(driver));
    let token = assert_works(&manager).await;
    let url = format!("{}{database}", redis.server.url());
    age(&client(&url).await, &key_of(&token)).await;
    let session = open(&renewing, &token).await;
    let renewed = commit(&renewing, &session).await;
    assert_eq!(renewed.as_str(), token.as_str());
    // Again after the server forgot the scripts, on new connections.
    let () = ask(&redis.client, &["SCRIPT", "FLUSH"]).await;
    cut_connections(&redis.client).await;
    wait_until_available(&manager, &token).await;
    assert_works(&manager).await;
    let log: Vec<HashMap<String, Value>> = ask(&redis.client, &["ACL", "LOG"]).await;
    let objects = log.iter().map(|entry| entry["object"].as_string().unwrap());
    objects.collect()
}

/// Returns `true` if a request fails because a permission is missing.
async fn some_request_fails(manager: &SessionManager, client: &Client) -> bool {
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

async fn allow(client: &Client, permissions: &str) {
    let mut words = vec!["ACL", "SETUSER", "app", "reset", "on", ">a password"];
    words.extend(permissions.split_whitespace());
    let () = ask(client, &words).await;
    let () = ask(client, &["ACL", "LOG", "RESET"]).await;
}

fn user_url(server: &RedisServer, database: &str) -> String {
    format!(
        "redis://app:a%20password@127.0.0.1:{}{database}",
        server.port
    )
}

const MINIMUM: &str = "+get +getrange +set +del +pttl +eval +evalsha";
