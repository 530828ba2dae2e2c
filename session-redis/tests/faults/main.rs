//! What a user gets, and what is stored, when the server fails: killed, restarted, paused, cut off, silent.
//!
//! Every test prints its figures as lines that start with `fault: `, also when it passes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;

mod counter;
mod cut;
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

/// What one request got, and how long it took.
#[derive(Debug)]
struct Answer {
    /// Whether the store answered when the session was opened.
    available: bool,
    new: bool,
    wrote: Result<(), ErrorKind>,
    outcome: Result<Outcome, ErrorKind>,
    /// The longer of opening and committing.
    worst: Duration,
}

impl Answer {
    /// What a request gets whose session could not be loaded: no write is possible and the cookie stays.
    fn assert_unavailable(&self) {
        assert!(!self.available, "{self:?}");
        assert_eq!(self.wrote, Err(ErrorKind::Unavailable));
        assert_eq!(self.outcome, Ok(Outcome::Keep));
        self.assert_in_time();
    }

    /// What a request gets whose session could not be saved. Without an outcome there is no Set-Cookie: the
    /// client keeps what it has.
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

/// One request, as an adapter serves it.
async fn request(
    manager: &SessionManager,
    token: Option<&Token>,
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> Answer {
    let start = Instant::now();
    let session = manager.open(token.map(Token::as_str)).await.unwrap();
    finish(manager, &session, start.elapsed(), handler).await
}

/// The second half of a request that was opened within `opened`.
async fn finish(
    manager: &SessionManager,
    session: &Session,
    opened: Duration,
    handler: impl FnOnce(&Session) -> Result<(), Error>,
) -> Answer {
    let wrote = handler(session).map_err(|error| error.kind());
    let start = Instant::now();
    let outcome = manager.commit(session).await.map_err(|error| error.kind());
    let committed = start.elapsed();
    assert!(
        opened + committed < LONGEST_REQUEST,
        "{opened:?} to open, {committed:?} to commit"
    );
    Answer {
        available: session.is_available(),
        new: session.is_new(),
        wrote,
        outcome,
        worst: opened.max(committed),
    }
}

/// Reads a value, as soon as the server answers again; and says how long that took.
async fn read_back<T: serde::de::DeserializeOwned>(
    manager: &SessionManager,
    token: &Token,
    key: &str,
) -> (Option<T>, Duration) {
    let start = Instant::now();
    loop {
        let session = common::open(manager, token).await;
        if session.is_available() {
            return (session.get(key).unwrap(), start.elapsed());
        }
        assert!(
            start.elapsed() < LONGEST_RECOVERY,
            "no request succeeds again"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A manager behind `proxy` whose scripts the server knows, so that each step of a request is one command.
async fn behind(proxy: &proxy::Proxy) -> SessionManager {
    let manager = common::manager(RedisDriver::connect(proxy.url()).await.unwrap());
    warm(&manager).await;
    manager
}

/// Lets the server see each script once: it asks for their text the first time.
async fn warm(manager: &SessionManager) {
    let token = common::stored(manager, "warm", 0).await;
    for regenerate in [false, true] {
        let session = common::open(manager, &token).await;
        session.put("warm", 1).unwrap();
        if regenerate {
            session.regenerate().unwrap();
        }
        common::commit(manager, &session).await;
    }
}

/// The id that a token carries, which every command on its session names.
fn id(token: &Token) -> String {
    token.as_str().split('.').next().unwrap().to_owned()
}

/// Prints a figure past the test harness, which keeps what is printed the usual way.
fn report(name: &str, result: impl Display, worst: Duration) {
    let line = format!("fault: {name}: {result}; worst {} ms\n", worst.as_millis());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// No test hangs.
async fn within(limit: Duration, test: impl Future<Output = ()>) {
    tokio::time::timeout(limit, test)
        .await
        .expect("the test took too long");
}

const MINUTE: Duration = Duration::from_secs(60);
/// To open or to commit, by the promise of an answer within two seconds, and a little for a busy machine.
const LONGEST_STEP: Duration = Duration::from_millis(2_200);
const LONGEST_REQUEST: Duration = Duration::from_millis(2_500);
/// After the server is back: the longest wait between two tries, one that was under way, and a little.
const LONGEST_RECOVERY: Duration = Duration::from_secs(5);
