//! Tests of the program. `session-conformance` tests its routes.

use std::process::ExitCode;

use test_support::program::Playground;

fn main() -> ExitCode {
    let playground = Playground {
        name: "actix-playground",
        path: env!("CARGO_BIN_EXE_actix-playground"),
        has_redis: cfg!(feature = "redis"),
    };
    playground.test()
}
