//! The tests of the crate, apart from those that need a process or a profile of their own.
//!
//! A test whose name begins with `s` and a number covers that statement of the security checklist.

#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

mod common;

mod behavior;
mod config;
mod conformance;
mod events;
mod exchange;
mod login;
mod model;
mod observer;
mod overlap;
mod security;
mod testing;
mod workspace;
