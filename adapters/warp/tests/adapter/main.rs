//! What is warp's own. The scenarios that all adapters pass over HTTP are in `session-conformance`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod csrf;
mod filter;
mod missing;
mod rejections;
mod route;
mod serve;
