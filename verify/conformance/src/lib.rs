//! The HTTP scenarios that every adapter passes, with every driver.
//!
//! There is one list of scenarios. Each is a short story over real HTTP, told to a playground that a framework serves:
//! flash across a redirect, a logout that overlaps a slow request, a store that goes away and comes back. It is played
//! for every adapter with every driver, each time with a server, a store, a secret and a clock of its own, and what one
//! adapter does all others have to do.
//!
//! ```sh
//! cargo test -p session-conformance                         # all of it, and the table
//! cargo test -p session-conformance --test http -- flash    # what is about flash
//! cargo test -p session-conformance --test http -- warp::redis
//! ```
//!
//! A failure names the scenario, the adapter and the driver, what was expected and found, and shows the last requests
//! with their responses. In the table, `–` stands for a scenario that has nothing to say about a driver, with the
//! reason below.
//!
//! # A new adapter
//!
//! Write a playground with its framework (`examples/playground` has all that is not the framework's), then implement
//! [`Adapter`]: a name, and a server of the playground and of the routes of [`lab`]. `src/adapters/axum.rs` is one to
//! compare with. A test with `harness = false` runs the suite:
//!
//! ```no_run
//! use session_conformance::{Adapter, adapters::Axum};
//!
//! fn main() -> std::process::ExitCode {
//!     session_conformance::run(&[&Axum])
//! }
//! ```
//!
//! # A new scenario
//!
//! It is an async function below `src/scenarios`, in its module's list. It gets a stage: the adapter and the driver, a
//! store that can be watched and broken, and time that can be moved. Its name is a sentence, and one that shows a
//! statement of the security checklist starts with that number.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "what fails here fails a test"
)]

// The README speaks of all three frameworks, so it is compiled here.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

mod adapter;
pub mod adapters;
#[cfg(test)]
mod broken;
mod harness;
pub mod lab;

mod scenario;
mod scenarios;
mod stage;
mod store;
mod table;
mod wire;

pub use crate::adapter::{Adapter, Serving};
pub use crate::harness::run;
