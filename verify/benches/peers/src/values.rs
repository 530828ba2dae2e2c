//! The measured session's values, as every library takes them.

pub use session_bench::session::values as all;

use crate::app::{FOUND, MISSING};

/// The status that tells what a handler read.
pub fn found(user_id: Option<u64>) -> u16 {
    match user_id {
        Some(42) => FOUND,
        _ => MISSING,
    }
}

/// The status that tells whether one write has been kept.
pub fn written(visits: Option<u64>) -> u16 {
    match visits {
        Some(18) => FOUND,
        _ => MISSING,
    }
}
