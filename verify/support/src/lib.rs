//! Helpers that the tests of several crates share.
//!
//! - [`RedisServer`]: a Redis server that belongs to one test;
//! - [`DatabaseServer`]: a PostgreSQL or MariaDB server, likewise;
//! - [`PgBouncer`]: a pooler in front of PostgreSQL;
//! - [`Log`]: the log output of a test;
//! - [`callgrind`]: the instruction counts of single calls;
//! - `http`: a browser-like HTTP client;
//! - `model`: an executable model of whole sessions;
//! - `probe`: a driver that can be watched, held up and broken;
//! - `program`: tests that every playground program passes;
//! - `vectors`: cookies and Redis records written by `@rudderjs/session`.
#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "a failure here fails a test"
)]

#[cfg(any(feature = "model", feature = "probe"))]
mod call;
pub mod callgrind;
pub mod database;
#[cfg(feature = "http")]
pub mod http;
mod log;
#[cfg(feature = "model")]
pub mod model;
mod pgbouncer;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(feature = "program")]
pub mod program;
pub mod redis;
#[cfg(any(feature = "http", feature = "probe"))]
mod until;
#[cfg(feature = "vectors")]
pub mod vectors;

#[cfg(any(feature = "model", feature = "probe"))]
pub use crate::call::Call;
pub use crate::database::DatabaseServer;
pub use crate::log::Log;
pub use crate::pgbouncer::PgBouncer;
pub use crate::redis::RedisServer;
#[cfg(any(feature = "http", feature = "probe"))]
pub use crate::until::until;
