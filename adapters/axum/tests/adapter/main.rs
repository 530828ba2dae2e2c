//! What is axum's own. The scenarios that all adapters pass over HTTP are in `session-conformance`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod extractor;
mod missing;
mod proxies;
mod routers;
mod testing;
