//! What the seed, `@rudderjs/session` 1.0.4 and 2.6.0, wrote, read and refused, in `seed.json`: this crate does
//! the same, or differs where and as the file says.
//!
//! Each test says how many entries it ran. The numbers below are how many there are: nothing is skipped, and
//! a file that lost some does not pass.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;

mod chains;
mod json;
mod loads;
mod ops;
mod seed;
mod shapes;
mod writes;

/// Says what ran, past the test harness, which would show it only of a test that fails.
fn report(what: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // In one piece, for tests run side by side.
    let line = format!("vectors: {what}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

const WRITES: usize = 30;
const CHAINS: usize = 12;
const STEPS: usize = 32;
const LOADS: usize = 65;
const SHAPES: usize = 12;
