//! The adapters of this workspace.

mod axum;

pub use self::axum::Axum;
