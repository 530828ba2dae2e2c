//! Checks the workspace as a whole, from what cargo and rustdoc report.
//!
//! ```text
//! cargo test -p session-workspace            # compares
//! cargo run -p session-workspace -- update   # rewrites the listings of the public API, and the excerpts
//! cargo run -p session-workspace -- excerpts # rewrites the code that the guide takes from sources
//! ```

pub mod excerpts;
pub mod foreign;
pub mod listing;
pub mod statements;
pub mod workspace;

/// The result of a check. Errors go to the person who runs it; nothing is retried.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
