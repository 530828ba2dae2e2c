//! The fuzzer. `FUZZ_TARGET` names the target; the arguments are those of libFuzzer.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use session_fuzz::target;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    target(&name).unwrap_or_else(|| panic!("there is no target named {name}"))
});

fuzz_target!(|bytes: &[u8]| RUN(bytes));
