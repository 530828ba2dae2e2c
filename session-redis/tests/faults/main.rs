//! What a user gets, and what is stored, when the server fails: killed, restarted, paused, cut off
//! or silent.
//!
//! Every test prints its figures in lines that start with `fault: `, even if it passes. Each starts
//! one server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../support/mod.rs"]
mod support;

mod counter;
mod cut;
mod endings;
mod failover;
mod killed;
mod outage;
mod paused;
mod proxy;
mod storm;

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use session_core::{Error, ErrorKind, Outcome, Session, SessionManager, Token};
use session_redis::RedisDriver;

use crate::proxy::Proxy;
use crate::support::{commit, manager, open, store};

/// The result of one request, and how long it took.
#[derive(Debug)]
struct Served {
    /// `true` if the session could be loaded.
    available: bool,
    new: bool,
    wrote: Result<(), ErrorKind>,
    outcome: Result<Outcome, ErrorKind>,
    /// The longer of opening and committing.
    worst: Duration,
}

impl Served {
    /// The session could not be loaded: writes fail and the client keeps its cookie.
    fn assert_unavailable(&self) {
        assert!(!self.available, "{self:?}");
        assert_eq!(self.wrote, Err(ErrorKind::Unavailable));
        assert_eq!(self.outcome, Ok(Outcome::Keep));
        self.assert_in_time();
    }

    /// The session could not be saved. Without an outcome there is no `Set-Cookie`, so the client
    /// keeps its cookie.
    fn assert_not_saved(&self) {
        assert!(self.available, "{self:?}");
        assert_eq!(self.wrote, Ok(()));
        assert_eq!(self.outcome, Err(ErrorKind::Unavailable));
        self.assert_in_time();
    }

    fn assert_in_time(&self) {
        assert!(self.worst < LONGEST_STEP, "took {:?}", self.worst);
    }

    fn is_saved(&self) -> bool {
        matches!(self.outcome, Ok(Outcome::Set(_)))
    }
}

/// Serves one request, as an adapter does.
async fn request(
    manager: &SessionManager,
    token: Option<&Token>,
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> Served {
    let start = Instant::now();
    let session = manager.open(token.map(Token::as_str)).await.unwrap();
    finish(manager, &session, start.elapsed(), handler).await
}

/// Serves the rest of a request whose session took `opened` to open.
async fn finish(
    manager: &SessionManager,
    session: &Session,
    opened: Duration,
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> Served {
    let wrote = handler(session).map_err(|error| error.kind());
    let start = Instant::now();
    let outcome = manager.commit(session).await.map_err(|error| error.kind());
    let committed = start.elapsed();
    assert!(
        opened + committed < LONGEST_REQUEST,
        "{opened:?} to open, {committed:?} to commit"
    );
    Served {
        available: session.is_available(),
        new: session.is_new(),
        wrote,
        outcome,
        worst: opened.max(committed),
    }
}

/// Reads a value as soon as the server responds again. Returns it, and how long that took.
async fn read_back<T: serde::de::DeserializeOwned>(
    manager: &SessionManager,
    token: &Token,
    key: &str,
) -> (Option<T>, Duration) {
    let start = Instant::now();
    loop {
        let session = open(manager, token).await;
        if session.is_available() {
            return (session.get(key).unwrap(), start.elapsed());
        }
        assert!(
            start.elapsed() < LONGEST_RECOVERY,
            "the driver does not recover"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Creates a manager behind `proxy`. The server knows its scripts, so each step of a request is one
/// command.
async fn behind(proxy: &Proxy) -> SessionManager {
    let manager = manager(RedisDriver::connect(proxy.url()).await.unwrap());
    warm(&manager).await;
    manager
}

/// Runs each script once. The first time, the server needs its text.
async fn warm(manager: &SessionManager) {
    let token = store(manager, "warm", 0).await;
    for regenerate in [false, true] {
        let session = open(manager, &token).await;
        session.put("warm", 1).unwrap();
        if regenerate {
            session.regenerate().unwrap();
        }
        commit(manager, &session).await;
    }
}

/// Prints figures. Not with `eprintln!`, which shows only if the test fails.
fn report(name: &str, result: impl Display, worst: Duration) {
    let line = format!("fault: {name}: {result}; worst {} ms\n", worst.as_millis());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Fails a test that hangs.
async fn within(limit: Duration, test: impl Future<Output = ()>) {
    tokio::time::timeout(limit, test)
        .await
        .expect("the test took too long");
}

const MINUTE: Duration = Duration::from_secs(60);
/// The longest time to open or to commit: the promised two seconds, plus some for a busy machine.
const LONGEST_STEP: Duration = Duration::from_millis(2_200);
const LONGEST_REQUEST: Duration = Duration::from_millis(2_500);
/// The longest time after the server is back: the wait between two attempts, an attempt that was
/// under way, and some more.
const LONGEST_RECOVERY: Duration = Duration::from_secs(5);

/// Arguments of a server whose data survives a crash: each write is on disk before its reply.
const DURABLE: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];
