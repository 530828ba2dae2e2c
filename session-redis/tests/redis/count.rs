//! Counting sessions.

use std::error::Error as _;

use session_core::ErrorKind;
use session_redis::RedisDriver;

use crate::support::{TestRedis, ask, info, store};

#[tokio::test]
async fn keys_with_the_prefix_are_counted_once_each() {
    let redis = TestRedis::start().await;
    assert_eq!(redis.driver.count().await.unwrap(), 0);

    for n in 0..3 {
        store(&redis.manager, "n", n).await;
    }
    assert_eq!(redis.driver.count().await.unwrap(), 3);

    // Other keys, some of which match a prefix that is taken for a pattern.
    for key in ["other", "sessio", "xsession:1", "a*b:1", "axb:1"] {
        let _: String = ask(&redis.client, &["SET", key, "1"]).await;
    }
    for (prefix, keys) in [("session:", 3), ("a*b:", 1), ("", 8)] {
        let driver = RedisDriver::builder(redis.server.url()).prefix(prefix);
        let driver = driver.connect().await.unwrap();
        assert_eq!(driver.count().await.unwrap(), keys, "{prefix:?}");
    }
}

#[tokio::test]
async fn a_large_database_is_counted_in_steps() {
    let redis = TestRedis::start().await;
    let fill = "for i = 1, 25000 do redis.call('SET', 'session:' .. i, '', 'EX', 60) end";
    let _: Option<String> = ask(&redis.client, &["EVAL", fill, "0"]).await;
    assert_eq!(redis.driver.count().await.unwrap(), 25_000);
    let calls: u64 = info(&redis.client, "commandstats").await["cmdstat_scan"]
        .split(['=', ','])
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    assert!((20..=200).contains(&calls), "{calls} steps");
}

#[tokio::test]
async fn counting_fails_if_the_server_denies_it_or_is_down() {
    let mut redis = TestRedis::start().await;
    let _: String = ask(&redis.client, &["ACL", "SETUSER", "default", "-scan"]).await;
    let error = redis.driver.count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("NOPERM"), "{cause}");

    redis.server.kill();
    let error = redis.driver.count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
