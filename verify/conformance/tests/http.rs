//! Every scenario, with every adapter and driver.

use std::process::ExitCode;

fn main() -> ExitCode {
    session_conformance::run()
}
