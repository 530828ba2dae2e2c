//! What [`CookieDriver`](session_cookie::CookieDriver) promises, through the manager that an application uses.
//! A name that begins with `s` and a number shows that statement of the project's security checklist.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;

mod capacity;
mod capacity_laws;
mod expiry;
mod garbage;
mod keys;
mod lifecycle;
mod renewal;
mod tampering;

use session_core::{ManualClock, SessionManager};

fn manager(clock: &ManualClock) -> SessionManager {
    common::builder(common::keys(SECRET), clock)
        .build()
        .unwrap()
}

const SECRET: &str = "a secret of this test, of more than 32 bytes";
const OTHER: &str = "another secret of this test, as long as that";
/// When the tests begin, in milliseconds.
const START: u64 = 1_700_000_000_000;
