//! What the seed, `@rudderjs/session` 1.0.4 and 2.6.0, kept in Redis and made of what it found there, in
//! `seed.json`: this crate does the same, or differs where and as the file says.
//!
//! Each test says how many entries it ran. The numbers below are how many there are: nothing is skipped, and
//! a file that lost some does not pass.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;
// The reader of JSON and the seed's verbs are the same for every driver.
#[allow(dead_code, reason = "the other driver's test needs more of it")]
#[path = "../../../session-cookie/tests/vectors/json.rs"]
mod json;
#[path = "../../../session-cookie/tests/vectors/ops.rs"]
mod ops;

mod loads;
mod members;
mod seed;
mod sequences;
mod service;
mod writes;

use crate::seed::Seed;

/// The chains are the cookie driver's: were there any of this driver's, they would have to run here.
#[test]
fn the_file_has_no_chains_of_this_driver() {
    let seed = Seed::read();
    let redis = seed.chains.iter().filter(|chain| chain.driver == "redis");
    let count = redis.count();
    report(format_args!("chains: {count} redis entries"));
    assert_eq!(count, 0);
}

/// Says what ran, past the test harness, which would show it only of a test that fails.
fn report(what: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // In one piece, for tests run side by side.
    let line = format!("vectors: {what}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

const WRITES: usize = 30;
const LOADS: usize = 16;
const SEQUENCES: usize = 5;
