//! Overlapping requests on one stored session, in every order in which they can load and commit.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod endings;
mod laws;
mod ops;
mod orders;
mod property;
mod replay;
