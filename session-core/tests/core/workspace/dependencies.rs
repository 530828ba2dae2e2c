//! What a user of the crate compiles: no runtime and no framework.

use std::collections::BTreeSet;
use std::process::Command;

const NOT_OURS: [&str; 9] = [
    "tokio", "http", "hyper", "axum", "warp", "poem", "actix", "tower", "fred",
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

/// Returns the names of all dependencies with these features.
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
fn the_default_features_bring_no_runtime_framework_or_http() {
    let found = dependencies("");
    assert!(
        found.contains("serde_json"),
        "the tree must be complete: {found:?}"
    );
    for name in NOT_OURS {
        // Including tower-layer, http-body and the like.
        let family = format!("{name}-");
        let of_family = |found: &&String| **found == name || found.starts_with(&family);
        assert_eq!(found.iter().find(of_family), None);
    }
}

#[test]
fn only_the_http_feature_brings_http() {
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
        "the memory driver needs no dependency"
    );
}
