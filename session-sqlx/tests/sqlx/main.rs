//! The driver on real databases: one server of each kind for all tests, a table for each test.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

mod conformance;
mod model;
mod overlap;
mod processes;

mod disk;
mod faults;
mod full;
mod proxy;
mod round_trips;
mod rows;
mod startup;
mod tls;
