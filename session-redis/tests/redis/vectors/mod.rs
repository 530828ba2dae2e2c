//! Records of `@rudderjs/session` 1.0.4 and 2.6.0, and what it made of the records that it found,
//! in `seed.json`. This crate does the same, or differs where and as the file says.
//!
//! Each test prints how many entries it ran. The numbers below are how many there are, so that a
//! test fails if the file loses some.

#[allow(dead_code, reason = "the test of the other driver needs more of it")]
#[path = "../../../../session-cookie/tests/vectors/json.rs"]
mod json;
#[path = "../../../../session-cookie/tests/vectors/ops.rs"]
mod ops;
#[path = "../../vectors/seed.rs"]
mod seed;

mod loads;
mod members;
mod sequences;
mod service;
mod writes;

use std::io::Write as _;

use self::seed::Seed;

/// All chains belong to the cookie driver. Chains of this driver would have to run here.
#[test]
fn the_file_has_no_chains_of_this_driver() {
    let seed = Seed::read();
    let redis = seed.chains.iter().filter(|chain| chain.driver == "redis");
    let count = redis.count();
    report(format_args!("chains: {count} redis entries"));
    assert_eq!(count, 0);
}

/// Prints what ran. Not with `println!`, which shows only if the test fails.
fn report(what: std::fmt::Arguments<'_>) {
    let line = format!("vectors: {what}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

const WRITES: usize = 30;
const LOADS: usize = 16;
const SEQUENCES: usize = 5;
