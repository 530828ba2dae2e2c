//! What must hold for the workspace as a whole, read from cargo and rustdoc.
//!
//! ```text
//! cargo test -p session-checks                # compares
//! cargo run -p session-checks -- update       # writes the listings of the public API and the figures anew
//! cargo run -p session-checks -- features     # each feature of each published crate alone, and all together
//! ```

pub mod expression;
pub mod features;
pub mod figures;
pub mod foreign;
pub mod listing;
pub mod policy;
pub mod workspace;

/// What goes wrong is told to whoever runs the check; nothing tries again.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
