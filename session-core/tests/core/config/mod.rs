//! Settings as data.

mod file;
mod formats;
mod secrets;
mod variables;
