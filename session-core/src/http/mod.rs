//! Sessions over the types of the `http` crate.

pub(crate) mod exchange;
pub(crate) mod headers;
