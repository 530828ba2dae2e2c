//! The same small application for every framework and library, for the programs that measure them.

pub mod app;
pub mod apps;
pub mod client;
pub mod crowd;
pub mod sql;
pub mod tower;
pub mod values;
