//! The driver: its contract, its file, and the program that uses it.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod app;
mod common;
mod conformance;
mod file;
