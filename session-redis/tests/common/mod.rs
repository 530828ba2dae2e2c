//! A Redis server of a test's own.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses some of it"
)]

mod ask;
#[path = "../../../session-core/tests/common/log.rs"]
mod log;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{ConfigError, Outcome, Secret, Session, SessionManager, Token};
use session_redis::RedisDriver;

pub(crate) use self::ask::{ask, info, json, keys, text};
pub(crate) use self::log::Log;

pub(crate) const SECRET: &str = "a test's secret of 32 bytes and more";

/// Stopped when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    arguments: Vec<String>,
    directory: std::path::PathBuf,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with further arguments, in a folder of its own.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let port = free_port();
        let directory =
            std::env::temp_dir().join(format!("session-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        let process = spawn(port, &arguments, &directory);
        let mut server = Self {
            process,
            port,
            arguments,
            directory,
        };
        server.wait();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The path of a file in its folder, which goes with it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Kills the server as a crash does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port, with whatever its folder holds.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.port, &self.arguments, &self.directory);
        self.wait();
    }

    /// Sends it a signal, such as `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("redis-server ended at once: {status}");
            }
            assert!(Instant::now() < end, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) async fn driver(&self) -> RedisDriver {
        RedisDriver::connect(self.url()).await.unwrap()
    }

    pub(crate) async fn manager(&self) -> SessionManager {
        manager(self.driver().await)
    }

    /// A client of the test's own, to look behind the driver.
    pub(crate) async fn client(&self) -> Client {
        let client = Builder::from_config(Config::from_url(&self.url()).unwrap())
            .build()
            .unwrap();
        client.init().await.unwrap();
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A stopped process does not die of anything less.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn spawn(port: u16, arguments: &[String], directory: &std::path::Path) -> Child {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ])
        .arg(directory)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is not installed: run ./test, or install the package redis-server")
}

/// A port that nobody listens on, nor on the one that is 10,000 higher, where a node of a Cluster talks to the
/// others.
///
/// It is from below the range that outgoing connections take theirs from, and no test of this process gets it
/// twice: two servers on one port would be one test in another's store.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Each process counts from elsewhere.
    let start = (std::process::id() * 37 % 2_700) as u16;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed) % 2_700) % 2_700;
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
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
