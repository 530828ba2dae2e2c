//! Runs the program and checks its output, its error messages and its exit codes.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod config_file;
mod cookies;
mod databases;
mod dependencies;
mod doctor_redis;
mod doctor_settings;
mod encryption;
mod owners;
mod redis;
mod run;
mod secrets;
mod sign;
mod store;
mod usage;
mod vectors;
