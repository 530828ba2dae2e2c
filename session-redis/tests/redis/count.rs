//! Counting sessions, and finding them by the beginning of their id.

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

#[tokio::test]
async fn ids_are_found_by_their_beginning() {
    let redis = TestRedis::start().await;
    let ids = [
        "abcd*1", "abcd*2", "abcdef", "abc", "ABCD*3", "[a]?", r"\*", "é1",
    ];
    for id in ids {
        let key = format!("session:{id}");
        let _: String = ask(&redis.client, &["SET", &key, "1", "EX", "60"]).await;
    }
    // Of another prefix, and the driver's own.
    for key in ["shop:abcd*9", "session:owner:abcd*", "xsession:abcd*8"] {
        let _: String = ask(&redis.client, &["SET", key, "1"]).await;
    }
    let found = async |start: &str| {
        let ids = redis.driver.ids_starting_with(start).await.unwrap();
        ids.iter()
            .map(|id| id.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("abcd*").await, ["abcd*1", "abcd*2"]);
    assert_eq!(found("abcd").await, ["abcd*1", "abcd*2", "abcdef"]);
    assert_eq!(found("[a]").await, ["[a]?"]);
    assert_eq!(found(r"\").await, [r"\*"]);
    assert_eq!(found("é").await, ["é1"]);
    for nothing in ["a?", "[a-z]", "abcd*11", "owner", "*"] {
        assert_eq!(found(nothing).await, [""; 0], "{nothing}");
    }
    assert_eq!(found("").await.len(), ids.len());
}

#[tokio::test]
async fn ids_are_found_once_each_in_a_large_database() {
    let redis = TestRedis::start().await;
    let fill = "for i = 1, 25000 do redis.call('SET', 'session:' .. i, '', 'EX', 60) end";
    let _: Option<String> = ask(&redis.client, &["EVAL", fill, "0"]).await;
    let found = redis.driver.ids_starting_with("249").await.unwrap();
    // 249, 2490 to 2499, 24900 to 24999.
    assert_eq!(found.len(), 111);
}
