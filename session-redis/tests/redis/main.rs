//! The driver on single Redis servers.
//!
//! Every test starts the servers that it needs, at most two. The test harness runs as many tests at
//! once as there are processors, so at most twice as many servers run at the same time.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod model;
mod vectors;

mod isolation;
mod permissions;
mod startup;

mod batch;
mod count;
mod endings;
mod owners;
mod round_trips;

mod canceled_commits;
mod foreign_values;
mod late_writes;
mod overlapping_requests;
mod resurrection;
mod versions;
