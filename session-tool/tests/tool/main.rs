//! The program itself, as it is run: what it prints, every error text and every exit code.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod cookies;
mod dependencies;
mod doctor_redis;
mod doctor_settings;
mod playground;
mod run;
mod secrets;
mod several;
mod sign;
mod store;
mod usage;
mod vectors;
mod with_redis;
