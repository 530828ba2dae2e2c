//! What is poem's own. The scenarios that all adapters pass over HTTP are in `session-conformance`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod csrf;
mod errors;
mod extractor;
mod missing;
mod openapi;
mod routes;
