//! What the test programs share.
#![allow(dead_code, unused_imports, reason = "each program uses a part of it")]

mod client;
mod recovery;

use std::process::Command;
use std::time::Duration;

use fred::prelude::*;
use session_core::{Outcome, Renewal, Secret, Session, SessionId, SessionManager, Token};
use session_redis::RedisDriver;
pub(crate) use test_support::{Log, RedisServer};

pub(crate) use self::client::{age, ask, info, json, keys, value};
pub(crate) use self::recovery::{Recovery, stores};

/// A Redis server with a driver, a manager and a client to look behind them. The server stops with
/// it.
pub(crate) struct TestRedis {
    pub(crate) server: RedisServer,
    pub(crate) driver: RedisDriver,
    pub(crate) manager: SessionManager,
    pub(crate) client: Client,
}

impl TestRedis {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server with further command-line arguments.
    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let server = RedisServer::with(arguments);
        let driver = RedisDriver::connect(server.url()).await.unwrap();
        Self::using(driver, server).await
    }

    /// Uses a driver of the test's own, which may reach the server through a proxy.
    pub(crate) async fn using(driver: RedisDriver, server: RedisServer) -> Self {
        Self {
            manager: manager(driver.clone()),
            client: client(&server.url()).await,
            driver,
            server,
        }
    }
}

/// Connects a client to look behind the driver.
pub(crate) async fn client(url: &str) -> Client {
    let config = Config::from_url(url).unwrap();
    let client = Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    client
}

/// Tries several times: a busy machine may take longer than the driver waits.
pub(crate) async fn connect_patiently(url: &str) -> RedisDriver {
    for _ in 0..2 {
        if let Ok(driver) = RedisDriver::connect(url).await {
            return driver;
        }
    }
    RedisDriver::connect(url).await.unwrap()
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// Creates a manager that sends a cookie for each save, and only then, and that forgets an old id at
/// once.
pub(crate) fn manager(driver: RedisDriver) -> SessionManager {
    let builder = SessionManager::builder(driver, secret())
        .renewal(Renewal::OnWrite)
        .grace(Duration::ZERO);
    builder.build().unwrap()
}

/// Creates a manager with the default settings.
pub(crate) fn default_manager(driver: RedisDriver) -> SessionManager {
    SessionManager::builder(driver, secret()).build().unwrap()
}

/// Stores a session with one value.
pub(crate) async fn store(manager: &SessionManager, key: &str, value: u32) -> Token {
    let session = manager.open(None).await.unwrap();
    session.put(key, value).unwrap();
    commit(manager, &session).await
}

pub(crate) async fn open(manager: &SessionManager, token: &Token) -> Session {
    manager.open(Some(token.as_str())).await.unwrap()
}

/// Commits a session that has something to save.
pub(crate) async fn commit(manager: &SessionManager, session: &Session) -> Token {
    match manager.commit(session).await.unwrap() {
        Outcome::Set(token) => token,
        other => panic!("no cookie, but {other:?}"),
    }
}

/// The id in a token.
pub(crate) fn id_of(token: &Token) -> &str {
    token.as_str().rsplit_once('.').unwrap().0
}

/// The key of a token's record.
pub(crate) fn key_of(token: &Token) -> String {
    format!("session:{}", id_of(token))
}

/// Writes a record behind the driver, on the node of a Cluster that owns it. Returns `true` if that
/// worked.
pub(crate) fn plant(port: u16, id: &SessionId, value: &str) -> bool {
    let key = format!("session:{}", id.as_str());
    let output = Command::new("redis-cli")
        .args(["-c", "-p", &port.to_string(), "set", &key, value])
        .output()
        .unwrap();
    output.stdout.starts_with(b"OK")
}

pub(crate) const SECRET: &str = "a test's secret of 32 bytes and more";
