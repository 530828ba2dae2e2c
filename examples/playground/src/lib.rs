//! What the playgrounds of all frameworks share: the [page], the [bodies of the API](api), a user's
//! [devices], a [stream], and the program's [start](run). So each playground shows only its
//! framework.
//!
//! Your own application does not need this crate. It depends on its adapter.

pub mod api;
pub mod devices;
pub mod page;
mod start;
pub mod stream;

pub use crate::start::{Start, interrupted, run};
