//! The program depends on nothing that speaks HTTP.

use std::collections::BTreeSet;
use std::process::Command;

/// Prefixes: `tower` also means `tower-service`.
const HTTP: [&str; 14] = [
    "http",
    "httparse",
    "hyper",
    "h2",
    "h3",
    "axum",
    "warp",
    "poem",
    "tower",
    "actix",
    "rocket",
    "tonic",
    "reqwest",
    "session-tower",
];

#[test]
fn no_dependency_speaks_http() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            "session-tool",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--all-features",
        ])
        .args(["--target", "all", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let found: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    for name in ["session-core", "session-redis", "fred", "clap"] {
        assert!(found.contains(name), "the tree was read: {found:?}");
    }
    for name in HTTP {
        let family = format!("{name}-");
        let of_family = |found: &&&str| **found == name || found.starts_with(&family);
        assert_eq!(found.iter().find(of_family), None);
    }
}
