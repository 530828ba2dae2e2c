//! A service that uses the Redis server of a RudderJS application, with the same settings.

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use session_core::{Builder, CookieOptions, Outcome, Renewal, Secret, Session, SessionManager};
use session_redis::RedisDriver;

use crate::support::{TestRedis, ask};

/// Starts to build a manager with the settings of the RudderJS application, over plain HTTP.
pub(crate) async fn builder(redis: &TestRedis, secret: &str, prefix: &str) -> Builder {
    let driver = RedisDriver::builder(redis.server.url()).prefix(prefix);
    let driver = driver.connect().await.unwrap();
    SessionManager::builder(driver, Secret::new(secret).unwrap())
        .renewal(Renewal::OnWrite)
        .grace(Duration::ZERO)
        .cookie(CookieOptions::default().name(NAME).secure(false))
}

pub(crate) async fn manager(
    redis: &TestRedis,
    secret: &str,
    prefix: &str,
    lifetime: Duration,
) -> SessionManager {
    let builder = builder(redis, secret, prefix).await;
    builder.lifetime(lifetime).build().unwrap()
}

/// Empties the server.
pub(crate) async fn clear(redis: &TestRedis) {
    let () = ask(&redis.client, &["FLUSHALL"]).await;
}

/// Stores a value as `@rudderjs/session` does.
pub(crate) async fn set(redis: &TestRedis, key: &str, value: &str, seconds: u64) {
    let seconds = seconds.to_string();
    let () = ask(&redis.client, &["SET", key, value, "EX", &seconds]).await;
}

/// Asserts that a key expires in `seconds`, or up to one second earlier.
pub(crate) async fn assert_ttl(redis: &TestRedis, key: &str, seconds: u64) {
    let left: i64 = ask(&redis.client, &["PTTL", key]).await;
    let expected = i64::try_from(seconds * 1000).unwrap();
    assert!((expected - 1000..=expected).contains(&left), "{left} ms");
}

/// Opens the session of a request with this `Cookie` header.
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

pub(crate) const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

pub(crate) const NAME: &str = "rudderjs_session";
pub(crate) const PREFIX: &str = "session:";
