//! What users compile: by the policy, as the guide lists it, for the compiler that is promised, without unsafe code.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use session_checks::workspace::{Workspace, root};
use session_checks::{figures, policy};

#[test]
fn what_users_compile_keeps_the_policy() {
    let complaints = policy::check(&Workspace::read().unwrap()).unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn nothing_that_users_compile_needs_a_newer_rust_than_the_workspace_says() {
    let workspace = Workspace::read().unwrap();
    let published = workspace.published();
    let promised: BTreeSet<_> = published
        .iter()
        .map(|package| &package.rust_version)
        .collect();
    assert_eq!(promised.len(), 1, "one promise for all: {promised:?}");
    let promised = version(promised.first().unwrap().as_ref().unwrap());

    let compiled = workspace.compiled_by_users().unwrap();
    assert!(compiled.len() > 100, "the graph was read");
    let newer: Vec<String> = compiled
        .iter()
        .filter_map(|package| {
            let needed = package.rust_version.as_ref()?;
            (version(needed) > promised).then(|| format!("{package} needs Rust {needed}"))
        })
        .collect();
    assert_eq!(newer, Vec::<String>::new());
}

/// "1.88" or "1.88.0" as something to compare.
fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

#[test]
fn every_published_crate_inherits_the_lints_and_these_forbid_unsafe_code() {
    let lints: toml::Table = read("Cargo.toml");
    assert_eq!(
        lints["workspace"]["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
    let workspace = Workspace::read().unwrap();
    for package in workspace.published() {
        let manifest: toml::Table =
            toml::from_str(&fs::read_to_string(&package.manifest_path).unwrap()).unwrap();
        let inherits = manifest["lints"]["workspace"].as_bool();
        assert_eq!(inherits, Some(true), "{}", package.name);
    }
}

#[test]
fn the_page_lists_every_direct_dependency_with_its_reason() {
    let page = page();
    let workspace = Workspace::read().unwrap();
    for package in workspace.published() {
        let rows = rows(&page, &format!("`{}`", package.name));
        let listed: BTreeSet<&str> = rows.keys().map(|name| &**name).collect();
        assert_eq!(listed, package.needs(), "the table of {}", package.name);
        assert!(
            rows.values().all(|cells| !cells[0].is_empty()),
            "a reason each: {rows:?}"
        );
    }
}

#[test]
fn the_page_says_the_licence_and_the_keeper_of_every_direct_dependency() {
    let page = page();
    let workspace = Workspace::read().unwrap();
    let published = workspace.published();
    let ours: BTreeSet<&str> = published.iter().map(|package| &*package.name).collect();
    let needed = published.iter().flat_map(|package| package.needs());
    let needed: BTreeSet<&str> = needed.filter(|name| !ours.contains(name)).collect();
    let rows = rows(&page, "Who keeps them");
    assert_eq!(
        rows.keys().map(|name| &**name).collect::<BTreeSet<_>>(),
        needed
    );
    for package in workspace.compiled_by_users().unwrap() {
        // Of two versions the older one is not ours to choose.
        if let Some(cells) = rows.get(&package.name) {
            assert_eq!(Some(&cells[0]), package.license.as_ref(), "{package}");
            assert!(!cells[1].is_empty(), "{package} has a keeper");
        }
    }
}

#[test]
fn the_page_counts_right() {
    let now = figures::page(&Workspace::read().unwrap()).unwrap();
    assert_eq!(page(), now, "run `cargo run -p session-checks -- update`");
}

/// The table under a heading: the cells of each row by its first one, which is a name in code.
fn rows(page: &str, heading: &str) -> BTreeMap<String, Vec<String>> {
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("no heading {heading}"));
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row
            .trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().to_owned());
        let name = cells.next().unwrap().replace('`', "");
        (name, cells.collect())
    })
    .collect()
}

fn page() -> String {
    fs::read_to_string(figures::path()).unwrap()
}

fn read(path: &str) -> toml::Table {
    toml::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}
