//! What the tests of several crates need: a Redis server of a test's own, what was logged, a client of HTTP, a driver that
//! can be watched and broken, and the tests of the playgrounds' programs.
#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "what fails here fails a test"
)]

#[cfg(feature = "http")]
pub mod http;
mod log;
#[cfg(feature = "model")]
pub mod model;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(feature = "program")]
pub mod program;
pub mod redis;
#[cfg(any(feature = "http", feature = "probe"))]
mod until;

pub use crate::log::Log;
pub use crate::redis::RedisServer;
#[cfg(any(feature = "http", feature = "probe"))]
pub use crate::until::until;
