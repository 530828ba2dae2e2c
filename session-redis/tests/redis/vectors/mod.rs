//! Records of `@rudderjs/session` 1.0.4 and 2.6.0, and what it made of the records that it found,
//! in `seed.json`. This crate does the same, or differs where and as the file says.
//!
//! Each test prints how many entries it ran. The numbers below are how many there are, so that a
//! test fails if the file loses some.

mod loads;
mod sequences;
mod service;
mod writes;

use test_support::vectors::{Vectors, report};

/// All chains belong to the cookie driver. Chains of this driver would have to run here.
#[test]
fn the_file_has_no_chains_of_this_driver() {
    let seed = Vectors::read();
    let redis = seed.chains.iter().filter(|chain| chain.driver == "redis");
    let count = redis.count();
    report(format_args!("chains: {count} redis entries"));
    assert_eq!(count, 0);
}

const WRITES: usize = 30;
const LOADS: usize = 16;
const SEQUENCES: usize = 5;
