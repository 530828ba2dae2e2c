//! Clones of a session in several threads, and every order of their calls that the lock allows.
//!
//! `verify/fuzz/threads` also runs these tests under ThreadSanitizer and Miri.

#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

mod gaps;
mod scopes;
mod storms;

use pollster::block_on;
use session_core::{MemoryDriver, Outcome, Secret, Session, SessionManager};

/// Returns a manager with sessions in memory.
fn manager() -> SessionManager {
    let secret = Secret::new("the secret of the thread tests...").unwrap();
    SessionManager::builder(MemoryDriver::new(), secret)
        .build()
        .unwrap()
}

/// Stores a session and returns its token.
fn stored(manager: &SessionManager, fill: impl FnOnce(&Session)) -> String {
    let session = block_on(manager.open(None)).unwrap();
    fill(&session);
    commit(manager, &session).unwrap()
}

fn open(manager: &SessionManager, token: &str) -> Session {
    block_on(manager.open([token])).unwrap()
}

fn commit(manager: &SessionManager, session: &Session) -> Option<String> {
    match block_on(manager.commit(session)).unwrap() {
        Outcome::Set(token) => Some(token.as_str().to_owned()),
        Outcome::Keep | Outcome::Clear => None,
    }
}

/// Returns `n`, or a smaller number under Miri.
const fn times(n: usize) -> usize {
    if cfg!(miri) { n.div_ceil(40) } else { n }
}
