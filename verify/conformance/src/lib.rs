//! HTTP scenarios that every adapter passes with every driver.
//!
//! A scenario is a short story over real HTTP: flash survives a redirect, a slow request meets a logout, a store fails
//! and recovers. The suite plays each scenario against a playground, once for each adapter and driver, with its own
//! server, store, secret and clock.
//!
//! ```sh
//! cargo test -p session-conformance --test http                # everything, and the table
//! cargo test -p session-conformance --test http -- flash       # everything about flash
//! cargo test -p session-conformance --test http -- warp::redis # one adapter with one driver
//! ```
//!
//! A failure names the scenario, the adapter and the driver, shows what was expected and found, and ends with the latest
//! requests and responses. In the table, `–` marks a scenario that does not apply to a driver; the reasons follow below
//! it.
//!
//! The suite also checks itself. Each fault in `faults.rs` breaks an adapter in one way, and a scenario must catch it.
//!
//! # Adding a scenario
//!
//! Write an async function in a module of `src/scenarios` and add it to the module's list. It receives a `Fixture`: the
//! adapter, the driver, a store that it can watch and break, and a clock that it can move. Name it with a short sentence.
//! If it covers a statement of the security checklist, start the name with the statement's number: `s07_…`.
//!
//! # Adding an adapter
//!
//! Write a playground with the framework; `examples/playground` holds the parts that need no framework. Then implement
//! `Adapter` in `src/adapters`: a name, and a server for the playground and for the routes in `lab.rs`. Add it to
//! `adapters::ALL`.
//!
//! # Adding a driver
//!
//! Implement `TestedDriver` and `Backend` in `src/drivers`, and add the driver to `drivers::all`.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a panic fails the test"
)]

// The README shows several frameworks, so its examples are compiled here.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

mod suite;
mod table;

mod fixture;
mod raw_connection;
mod scenario;
mod scenarios;

mod adapters;
mod drivers;
mod faults;
mod lab;

pub use crate::suite::run;
