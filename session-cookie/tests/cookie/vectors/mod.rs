//! Cookies and Set-Cookie lines of `@rudderjs/session` 1.0.4 and 2.6.0. This crate does the same,
//! or differs where and how the file says.
//!
//! Every test prints how many entries it ran and compares that with the numbers below, so that none
//! is skipped silently.

mod chains;
mod loads;
mod shapes;
mod writes;

const WRITES: usize = 30;
const CHAINS: usize = 12;
const STEPS: usize = 32;
const LOADS: usize = 65;
const SHAPES: usize = 12;
