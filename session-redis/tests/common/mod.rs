//! What the tests of the driver share.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses some of it"
)]

mod ask;
use fred::prelude::*;
use session_core::{ConfigError, Outcome, Secret, Session, SessionManager, Token};
use session_redis::RedisDriver;
pub(crate) use test_support::redis::free_port;
pub(crate) use test_support::{Log, RedisServer as Server};

pub(crate) use self::ask::{age, ask, info, json, keys, text};

pub(crate) const SECRET: &str = "a test's secret of 32 bytes and more";

/// What the driver and its tests make of a server.
pub(crate) trait ServerExt {
    async fn driver(&self) -> RedisDriver;

    async fn manager(&self) -> SessionManager {
        manager(self.driver().await)
    }

    /// A client of the test's own, to look behind the driver.
    async fn client(&self) -> Client;
}

impl ServerExt for Server {
    async fn driver(&self) -> RedisDriver {
        RedisDriver::connect(self.url()).await.unwrap()
    }

    async fn client(&self) -> Client {
        let client = Builder::from_config(Config::from_url(&self.url()).unwrap())
            .build()
            .unwrap();
        client.init().await.unwrap();
        client
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

pub(crate) fn manager(driver: RedisDriver) -> SessionManager {
    SessionManager::builder(driver, secret()).build().unwrap()
}

/// The error of a connection that must not come about.
pub(crate) async fn refused(url: &str) -> ConfigError {
    RedisDriver::connect(url).await.unwrap_err()
}

/// Commits a session that has something to store.
pub(crate) async fn commit(manager: &SessionManager, session: &Session) -> Token {
    match manager.commit(session).await.unwrap() {
        Outcome::Set(token) => token,
        other => panic!("no cookie, but {other:?}"),
    }
}

/// A stored session with this data, as its token.
pub(crate) async fn stored(manager: &SessionManager, key: &str, value: u32) -> Token {
    let session = manager.open(None).await.unwrap();
    session.put(key, value).unwrap();
    commit(manager, &session).await
}

pub(crate) async fn open(manager: &SessionManager, token: &Token) -> Session {
    manager.open(Some(token.as_str())).await.unwrap()
}

/// The id that a token carries.
pub(crate) fn id_of(token: &Token) -> &str {
    token.as_str().rsplit_once('.').unwrap().0
}

/// The key of a token's record.
pub(crate) fn key_of(token: &Token) -> String {
    format!("session:{}", id_of(token))
}
