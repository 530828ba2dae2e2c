//! What design.md's table of behaviour promises, as far as it needs neither HTTP nor a real store.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;

mod capacity;
mod commit;
mod endings;
mod establish;
mod expiry;
mod flash;
mod forwarding;
mod handle;
mod late;
mod outage;
mod renewal;
mod tokens;
