#![doc = include_str!("../README.md")]

mod driver;
mod file;

pub use crate::driver::SqliteDriver;
