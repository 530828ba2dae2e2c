//! The values of the measured session, in a form that every library accepts.

pub use session_bench::session::values as all;

use crate::app::{FOUND, MISSING};

/// Returns the status that reports what a handler read.
pub fn found(user_id: Option<u64>) -> u16 {
    match user_id {
        Some(42) => FOUND,
        _ => MISSING,
    }
}

/// Returns the status that reports whether one write was kept.
pub fn written(visits: Option<u64>) -> u16 {
    match visits {
        Some(18) => FOUND,
        _ => MISSING,
    }
}
