//! From the start of a request to its end: open, plan, commit.

#[expect(clippy::module_inception, reason = "the folder's main noun")]
mod commit;
pub(crate) mod lifetime;
pub(crate) mod manager;
mod open;
pub(crate) mod outcome;
pub(crate) mod plan;
pub(crate) mod size;
