//! What the tests of several crates need: a Redis server of a test's own, and what was logged.
#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "what fails here fails a test"
)]

mod log;
pub mod redis;

pub use crate::log::Log;
pub use crate::redis::RedisServer;
