//! Hostile and random input for the session crates, and what must hold whatever it is. `README.md` says how to run it.
//!
//! A target is a function of bytes, so that the corpus runs without a fuzzer too: `cargo test`.
#![forbid(unsafe_code)]

mod oracle;
mod targets;

pub use crate::targets::{TARGETS, Target};

/// Defines a fuzzer of the target with this name.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        use libfuzzer_sys::fuzz_target;

        fuzz_target!(|bytes: &[u8]| $crate::run($name, bytes));
    };
}

/// Runs the target with this name.
///
/// # Panics
///
/// When there is none, and where the library does not do what it should.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, run) = TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("there is no target {name}"));
    run(bytes);
}
