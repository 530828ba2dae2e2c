//!
//! Instruments that measure the cost of a case in instructions, time and allocations.
//!
//! The programs of this package measure the library alone. Those in `verify/benches/peers` compare
//! it with other libraries.

// Instruments.
pub mod allocations;
#[cfg(feature = "redis")]
pub mod awake;
pub mod callgrind;
pub mod cases;
pub mod clock;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod report;
pub mod rounds;
#[cfg_attr(not(target_os = "linux"), path = "no_steps.rs")]
mod steps;

// Cases.
pub mod floor;
#[cfg(feature = "redis")]
pub mod latency;
pub mod layer;
pub mod parts;
#[cfg(feature = "redis")]
pub mod redis;
pub mod requests;
pub mod session;
