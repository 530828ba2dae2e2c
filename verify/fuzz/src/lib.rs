//! Hostile and random input for the session crates, and what must hold for all of it. `README.md`
//! says how to run it.
//!
//! A target is a function of bytes, so that `cargo test` can run the corpus without a fuzzer.
#![forbid(unsafe_code)]

mod oracle;
mod targets;

pub use crate::targets::{TARGETS, Target};

/// Returns the target with this name.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    let mut targets = TARGETS.into_iter();
    targets
        .find(|(known, _)| *known == name)
        .map(|(_, run)| run)
}
