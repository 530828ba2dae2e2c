//! The instruments that the measuring programs share: what a case costs in instructions, time and allocations.
//!
//! This package's programs measure the library by itself; those of `verify/benches/peers` measure it beside others.

// The instruments.
pub mod allocations;
pub mod callgrind;
pub mod cases;
pub mod clock;
pub mod picture;
pub mod report;
pub mod rounds;
#[cfg_attr(not(target_os = "linux"), path = "no_steps.rs")]
mod steps;

// What is measured.
pub mod floor;
pub mod layer;
pub mod parts;
#[cfg(feature = "redis")]
pub mod redis;
pub mod requests;
pub mod session;
