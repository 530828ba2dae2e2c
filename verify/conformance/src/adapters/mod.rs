//! The adapters of this workspace.

mod axum;
mod poem;
mod warp;

pub use self::axum::Axum;
pub use self::poem::Poem;
pub use self::warp::Warp;
