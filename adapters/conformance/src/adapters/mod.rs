//! The adapters of this workspace.

mod axum;
mod warp;

pub use self::axum::Axum;
pub use self::warp::Warp;
