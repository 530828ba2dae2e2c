//! What must hold for the sources and the documentation.

mod dependencies;
mod guide;
mod wasm;
