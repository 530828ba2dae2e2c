//! The tests of [`CookieDriver`](session_cookie::CookieDriver), through the manager that an
//! application uses.
//!
//! A test whose name begins with `s` and a number covers that statement of the security checklist.
#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

mod common;

mod at_rest;
mod capacity;
mod capacity_laws;
mod conformance;
#[cfg(feature = "encrypted")]
mod encrypted;
mod expiry;
mod garbage;
mod lifecycle;
mod model;
mod tampering;
mod vectors;

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
