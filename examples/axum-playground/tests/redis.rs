//! `SESSION_DRIVER=redis`, with a real server that the test starts.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::Browser;
use common::program::Program;
use serde_json::json;

const SECRET: &str = "correct horse battery staple, and then some";

/// Stopped when dropped.
struct Redis {
    process: Child,
    url: String,
}

impl Redis {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdout(Stdio::null())
            .spawn()
            .expect(
                "redis-server is not installed: run ./test, or install the package redis-server",
            );
        let redis = Self {
            process,
            url: format!("redis://127.0.0.1:{port}"),
        };
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        redis
    }

    async fn playground(&self) -> Program {
        Program::start(&[
            ("SESSION_SECRET", SECRET),
            ("SESSION_DRIVER", "redis"),
            ("REDIS_URL", &self.url),
            ("SESSION_PREFIX", "playground:"),
        ])
        .await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn sessions_are_shared_by_servers_and_survive_their_restart() {
    let redis = Redis::start();
    let (one, other) = (redis.playground().await, redis.playground().await);
    let put = Browser::new(&one.address)
        .put("/api/session/name", r#""Ada""#)
        .await;
    let cookie = put.cookie();
    drop(one);
    let found = Browser::new(&other.address)
        .with_cookie("/api/session/name", &cookie)
        .await;
    assert_eq!(found.json(), json!("Ada"));
}

/// security.md 7, over HTTP and with a real store.
#[tokio::test]
async fn s07_a_logout_ends_the_session_for_whoever_copied_the_cookie() {
    let redis = Redis::start();
    let playground = redis.playground().await;
    let browser = Browser::new(&playground.address);
    let stolen = browser.form("/login", &[("user", "Ada")]).await.cookie();
    browser.form("/logout", &[]).await;
    let thief = Browser::new(&playground.address);
    assert_eq!(
        thief.with_cookie("/api/session/user", &stolen).await.status,
        404
    );
}

#[tokio::test]
async fn while_redis_is_gone_reads_are_empty_writes_are_503_and_the_cookie_is_kept() {
    let mut redis = Redis::start();
    let playground = redis.playground().await;
    let browser = Browser::new(&playground.address);
    browser.put("/api/session/name", r#""Ada""#).await;
    redis.process.kill().unwrap();
    redis.process.wait().unwrap();

    let start = Instant::now();
    let read = browser.get("/api/session/name").await;
    assert_eq!((read.status, read.set_cookies().len()), (404, 0));
    let write = browser.put("/api/session/name", "1").await;
    assert_eq!((write.status, write.set_cookies().len()), (503, 0));
    assert_eq!(write.error(), "the session store is unavailable");
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "two requests took {:?}",
        start.elapsed()
    );
}
