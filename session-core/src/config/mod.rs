//! Settings: in code, as data, and from the environment.

pub(crate) mod builder;
pub(crate) mod effective;
mod env;
pub(crate) mod error;
mod file;
pub(crate) mod options;
pub(crate) mod settings;
mod unit;
