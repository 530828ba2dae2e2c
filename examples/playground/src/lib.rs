//! What the playgrounds of all frameworks share, so that each shows nothing but its framework: the [page], the
//! [texts of the API](api), and how the program [starts](run).
//!
//! It knows sessions and no framework. An application of your own has no need of it: it depends on its adapter.

pub mod api;
pub mod page;
mod start;

pub use crate::start::{Start, interrupted, run};
