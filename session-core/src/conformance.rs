//! Tells a driver's author whether the driver is right.
//!
//! Every promise of the [`Driver` contract](crate::Driver#contract) that can be tested is a named check here. The
//! feature `conformance` is for tests: turn it on under `[dev-dependencies]` only.
//!
//! ```toml
//! [dev-dependencies]
//! session-core = { version = "0.1", features = ["conformance"] }
//! ```
//!
//! Then this is a whole `tests/conformance.rs`, for a driver whose store is in this process:
//!
//! ```
//! # use session_core::MemoryDriver as MyDriver;
//! use std::sync::Arc;
//!
//! session_core::conformance!(concurrent, Arc::new(MyDriver::new()));
//! ```
mod catalog;
mod check;
mod compare_and_set;
mod dropped;
mod endings;
mod expiry;
mod foreign;
mod handles;
mod parallel;
mod pointer;
mod report;
mod round_trip;
mod rule;
mod sessions;
mod silence;
mod stage;
mod subject;
mod threads;
mod versions;

pub use self::catalog::{__test, checks};
pub use self::check::{Check, Failure, Level, Verdict};
pub use self::pointer::{InArc, InBox};
pub use self::report::{Report, report};
pub use self::rule::Rule;
use self::stage::Stage;
pub use self::subject::Subject;
