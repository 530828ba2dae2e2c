//! A service of ours over the seed's store, set up as the seed was.

use std::collections::BTreeSet;
use std::time::Duration;

use fred::prelude::*;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use session_core::{CookieOptions, Outcome, Secret, Session, SessionManager};
use session_redis::RedisDriver;

use crate::common::{Server, ServerExt as _, ask};

/// A server of the test's own with a client to look behind the driver.
pub(crate) struct Store {
    pub(crate) server: Server,
    pub(crate) client: Client,
}

impl Store {
    pub(crate) async fn start() -> Self {
        let server = Server::start();
        let client = server.client().await;
        Self { server, client }
    }

    /// Starts a builder of managers with the seed's settings, over plain HTTP.
    pub(crate) async fn builder(&self, secret: &str, prefix: &str) -> session_core::Builder {
        let driver = RedisDriver::builder(self.server.url())
            .prefix(prefix)
            .pool_size(1)
            .connect()
            .await
            .unwrap();
        SessionManager::builder(driver, Secret::new(secret).unwrap())
            .cookie(CookieOptions::default().name(NAME).secure(false))
    }

    pub(crate) async fn manager(&self, secret: &str, prefix: &str, minutes: u64) -> SessionManager {
        let builder = self.builder(secret, prefix).await;
        builder.lifetime(self::minutes(minutes)).build().unwrap()
    }

    /// Empties the store.
    pub(crate) async fn clear(&self) {
        let () = ask(&self.client, &["FLUSHALL"]).await;
    }

    /// Puts a value there as the seed does, for so many seconds.
    pub(crate) async fn set(&self, key: &str, value: &str, seconds: u64) {
        let () = ask(
            &self.client,
            &["SET", key, value, "EX", &seconds.to_string()],
        )
        .await;
    }

    /// Asserts that a key ends in `seconds`, give or take one.
    pub(crate) async fn assert_ttl(&self, key: &str, seconds: u64) {
        let left: i64 = ask(&self.client, &["PTTL", key]).await;
        let wanted = i64::try_from(seconds * 1000).unwrap();
        assert!((wanted - 1000..=wanted).contains(&left), "{left} ms");
    }
}

/// Opens the session of a request with this Cookie header.
pub(crate) async fn open(manager: &SessionManager, header: &str) -> Session {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_str(header).unwrap());
    manager.open_headers(&headers).await.unwrap()
}

#[track_caller]
pub(crate) fn token(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Set(token) => token.as_str(),
        other => panic!("{other:?} sets no cookie"),
    }
}

/// What follows the value in a Set-Cookie line. Their order and letter case are free.
pub(crate) fn attributes(line: &str) -> BTreeSet<String> {
    let attributes = line.split(';').skip(1);
    attributes
        .map(|attribute| attribute.trim().to_ascii_lowercase())
        .collect()
}

pub(crate) const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

pub(crate) const NAME: &str = "rudderjs_session";
pub(crate) const PREFIX: &str = "session:";
