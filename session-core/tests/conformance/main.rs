//! The conformance kit on `MemoryDriver`, and what it finds in drivers that are broken on purpose.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod broken;
mod memory;
mod messages;
mod store;
