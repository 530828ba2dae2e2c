//! Saves that meet go to the server in one script, and each is answered as if it had gone alone.
//!
//! One thread runs everything: all commits of a test have begun before the first of them is answered, so that it is known
//! which of them go together.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod apart;
mod failures;
mod runtimes;
mod sharding;
mod site;
mod sizes;
