//! What a user of the crate compiles: no runtime, no framework, and nothing newer than `rust-version` says.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

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

#[test]
fn nothing_that_users_compile_needs_a_newer_rust_than_the_workspace_says() {
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--filter-platform",
        &host(),
    ]);
    let metadata: Metadata = serde_json::from_str(&metadata).unwrap();
    let packages: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .map(|package| (&*package.id, package))
        .collect();
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (&*node.id, node))
        .collect();
    let core = metadata
        .packages
        .iter()
        .find(|package| package.name == "session-core");
    let promised = version(core.unwrap().rust_version.as_ref().unwrap());

    let (mut seen, mut todo) = (BTreeSet::new(), vec![&*core.unwrap().id]);
    // The published members of the workspace promise the same.
    todo.extend(
        metadata
            .workspace_members
            .iter()
            .map(|id| &**id)
            .filter(|id| {
                let package = packages[id];
                package.publish.is_none() && package.rust_version.is_some()
            }),
    );
    let mut newer = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        let package = packages[id];
        if let Some(needed) = &package.rust_version
            && version(needed) > promised
        {
            newer.insert(format!("{} needs Rust {needed}", package.name));
        }
        let normal = |dep: &&Dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none());
        todo.extend(nodes[id].deps.iter().filter(normal).map(|dep| &*dep.pkg));
    }
    assert!(seen.len() > 10, "the graph was read");
    assert_eq!(newer, BTreeSet::new());
}

/// "1.88" or "1.88.0" as something to compare.
fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    rust_version: Option<String>,
    publish: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}
