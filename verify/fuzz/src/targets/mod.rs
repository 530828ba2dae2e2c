//! One module per target.

mod common;
mod config;
mod cookie_driver;
mod cookie_options;
mod merge;
mod record;
mod redis_driver;
mod response;
mod sealed;
mod sessions;
mod tokens;
mod values;
mod verify;

/// A target: a name, and a function of bytes that panics if the library misbehaves.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 12] = [
    ("config", config::run),
    ("cookie_driver", cookie_driver::run),
    ("cookie_options", cookie_options::run),
    ("merge", merge::run),
    ("record", record::run),
    ("redis_driver", redis_driver::run),
    ("response", response::run),
    ("sealed", sealed::run),
    ("sessions", sessions::run),
    ("tokens", tokens::run),
    ("values", values::run),
    ("verify", verify::run),
];
