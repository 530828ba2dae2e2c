//! Clones of a session in several threads at once, and every order of their verbs that a lock allows.
//!
//! `verify/fuzz/threads` runs these under ThreadSanitizer and Miri as well.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod gaps;
mod scopes;
mod storms;

use pollster::block_on;
use session_core::{MemoryDriver, Outcome, Secret, Session, SessionManager};

/// A service that keeps its sessions in memory.
fn manager() -> SessionManager {
    let secret = Secret::new("a secret of the tests of threads").unwrap();
    SessionManager::builder(MemoryDriver::new(), secret)
        .build()
        .unwrap()
}

/// A stored session with this data, as its token.
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

/// So many times, but less often where an interpreter runs it.
const fn times(n: usize) -> usize {
    if cfg!(miri) { n.div_ceil(40) } else { n }
}
