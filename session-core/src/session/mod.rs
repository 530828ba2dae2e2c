//! What an application holds: one request's session.

mod background;
mod continuation;
pub(crate) mod current;
mod flash;
pub(crate) mod handle;
pub(crate) mod keys;
pub(crate) mod life;
mod remember;
pub(crate) mod state;
