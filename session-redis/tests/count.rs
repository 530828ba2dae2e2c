//! Counting sessions.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::error::Error as _;

use common::{Server, ServerExt, ask, manager, stored};
use session_core::ErrorKind;
use session_redis::RedisDriver;

#[tokio::test]
async fn only_the_keys_of_the_prefix_are_counted_and_each_once() {
    let server = Server::start();
    let client = server.client().await;
    let driver = server.driver().await;
    assert_eq!(driver.count().await.unwrap(), 0);

    let manager = manager(driver.clone());
    for n in 0..3 {
        stored(&manager, "n", n).await;
    }
    assert_eq!(driver.count().await.unwrap(), 3);

    // Of others, among them what a pattern of the bare prefix would match.
    for key in ["other", "sessio", "xsession:1", "a*b:1", "axb:1"] {
        let _: String = ask(&client, &["SET", key, "1"]).await;
    }
    assert_eq!(driver.count().await.unwrap(), 3);
    let starred = RedisDriver::builder(server.url())
        .prefix("a*b:")
        .connect()
        .await
        .unwrap();
    assert_eq!(starred.count().await.unwrap(), 1);
    let all = RedisDriver::builder(server.url())
        .prefix("")
        .connect()
        .await
        .unwrap();
    assert_eq!(all.count().await.unwrap(), 8);
}

#[tokio::test]
async fn more_keys_than_one_step_takes_are_all_counted() {
    let server = Server::start();
    let client = server.client().await;
    let fill = "for i = 1, 25000 do redis.call('SET', 'session:' .. i, '', 'EX', 60) end";
    let _: Option<String> = ask(&client, &["EVAL", fill, "0"]).await;
    assert_eq!(server.driver().await.count().await.unwrap(), 25_000);
    let calls: u64 = common::info(&client, "commandstats").await["cmdstat_scan"]
        .split(['=', ','])
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    assert!((20..=200).contains(&calls), "{calls} steps");
}

#[tokio::test]
async fn a_server_that_is_gone_or_forbids_it_is_an_error() {
    let mut server = Server::start();
    let driver = server.driver().await;
    let client = server.client().await;
    let _: String = ask(&client, &["ACL", "SETUSER", "default", "-scan"]).await;
    let error = driver.count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("NOPERM"), "{cause}");

    server.kill();
    assert_eq!(
        driver.count().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}
