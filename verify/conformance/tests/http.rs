//! All scenarios, with the adapters of this workspace.

use std::process::ExitCode;

use session_conformance::adapters::{Axum, Poem, Warp};

fn main() -> ExitCode {
    session_conformance::run(&[&Axum, &Warp, &Poem])
}
