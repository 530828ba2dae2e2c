//! What an application holds: one request's session.

pub(crate) mod current;
mod flash;
pub(crate) mod handle;
pub(crate) mod life;
pub(crate) mod state;
