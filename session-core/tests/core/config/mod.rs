//! Settings as data.

mod effective;
mod file;
mod formats;
mod secrets;
mod variables;
