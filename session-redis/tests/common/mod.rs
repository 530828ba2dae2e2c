//! A Redis server of a test's own.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{ConfigError, Outcome, Secret, Session, SessionManager, Token};
use session_redis::RedisDriver;

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
        let directory = std::env::temp_dir().join(format!("session-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let process = spawn(port, &arguments, &directory);
        let server = Self { process, port, arguments, directory };
        server.wait();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
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
        let status = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
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
        let client = Builder::from_config(Config::from_url(&self.url()).unwrap()).build().unwrap();
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
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
        .arg(directory)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is not installed: run ./test, or install the package redis-server")
}

/// A port that nobody listens on, at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
