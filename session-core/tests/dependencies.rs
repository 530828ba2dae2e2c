//! What a user of the crate compiles: no runtime and no framework.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::process::Command;

const NOT_OURS: [&str; 8] = [
    "tokio", "http", "hyper", "axum", "warp", "poem", "tower", "fred",
];

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .arg("--locked")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names of everything that session-core with these features pulls in.
fn dependencies(features: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "-p",
        "session-core",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--features",
        features,
    ]);
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn by_default_there_is_no_runtime_no_framework_and_no_http() {
    let found = dependencies("");
    assert!(found.contains("serde_json"), "the tree was read: {found:?}");
    for name in NOT_OURS {
        // tower-layer, http-body and their like too.
        let family = format!("{name}-");
        let of_family = |found: &&String| **found == name || found.starts_with(&family);
        assert_eq!(found.iter().find(of_family), None);
    }
}

#[test]
fn http_comes_with_its_feature_and_alone() {
    let (bare, http) = (dependencies(""), dependencies("http"));
    assert!(http.contains("http"));
    let all = dependencies("http,memory,tracing");
    for name in NOT_OURS.into_iter().filter(|name| *name != "http") {
        assert!(!all.contains(name), "{name}");
    }
    assert!(http.is_superset(&bare));
    assert_eq!(
        dependencies("memory"),
        bare,
        "the memory driver needs nothing"
    );
}
