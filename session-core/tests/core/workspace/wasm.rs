//! The crate compiles without an operating system, for browsers and edge platforms.

use std::path::Path;
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

#[test]
fn the_crate_compiles_for_wasm() {
    let Some(sysroot) = sysroot() else {
        // The test harness does not capture a direct write.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!(
                "\n*** NOT CHECKED: session-core for {TARGET}, which is not installed: \
                 run `rustup target add {TARGET}`\n\n"
            )
            .as_bytes(),
        );
        return;
    };
    // A separate directory, because the outer cargo holds the lock of the usual one.
    let target_dir = concat!(env!("CARGO_TARGET_TMPDIR"), "/wasm");
    for features in ["", "http,memory,tracing"] {
        let output = Command::new(env!("CARGO"))
            .args([
                "check",
                "-p",
                "session-core",
                "--locked",
                "--target",
                TARGET,
            ])
            .args(["--target-dir", target_dir, "--features", features])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sysroot}, {features:?}: {error}");
    }
}

/// Returns the compiler's sysroot if it contains the target.
fn sysroot() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    let sysroot = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let libraries = Path::new(&sysroot).join("lib/rustlib").join(TARGET);
    libraries.exists().then_some(sysroot)
}
