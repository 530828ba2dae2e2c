//! The program as a newcomer starts it. What its routes promise is tested by `session-conformance`.

use std::process::ExitCode;

use test_support::program::Playground;

fn main() -> ExitCode {
    let playground = Playground {
        name: "warp-playground",
        path: env!("CARGO_BIN_EXE_warp-playground"),
        has_redis: cfg!(feature = "redis"),
    };
    playground.test()
}
