//! From the start of a request to its end: open, plan, commit.

mod by_id;
#[expect(clippy::module_inception, reason = "the folder's main noun")]
mod commit;
pub(crate) mod execute;
mod fate;
pub(crate) mod lifetime;
pub(crate) mod manager;
pub(crate) mod open;
pub(crate) mod outcome;
mod owners;
pub(crate) mod plan;
mod regenerate;
pub(crate) mod save;
pub(crate) mod size;
