//! What the layer does that HTTP does not show. The scenarios over HTTP are in
//! `session-conformance`.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod body;
mod builder;
mod common;
mod examples;
mod failing;
mod headers;
mod lazy;
mod missing;
mod nested;
mod stack;
