//! Checks that hold for the workspace as a whole.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use session_workspace::listing::{self, Listing};
use session_workspace::workspace::{Workspace, cargo, compiler, manifest, root};
use session_workspace::{excerpts, foreign, statements};

#[test]
fn the_public_api_matches_its_committed_listing() {
    let workspace = Workspace::read().unwrap();
    let now = compiler().unwrap();
    for package in workspace.libraries() {
        let committed = Listing::committed(&package.name).unwrap();
        if committed.compiler != now {
            // The test harness hides the output of passing tests, so this goes around it.
            let notice = format!(
                "\n*** NOT COMPARED: the public API. The listing of {} was made by rustc {}, and this is rustc {now}.\n\n",
                package.name, committed.compiler
            );
            let _ = std::io::stderr().write_all(notice.as_bytes());
            return;
        }
    }
    let program = Path::new(env!("CARGO_BIN_EXE_session-workspace"));
    let mut report = String::new();
    for (package, listing) in listing::list(&workspace, program).unwrap() {
        let committed = Listing::committed(&package).unwrap();
        assert!(!listing.items.is_empty(), "{package} has no public items");
        if committed != listing {
            let changes = committed.changes(&listing).join("\n");
            write!(report, "\n{package}:\n{changes}").unwrap();
        }
    }
    assert!(
        report.is_empty(),
        "the public API changed; if you meant it, run `cargo run -p session-workspace -- update`{report}"
    );
}

#[test]
fn every_foreign_crate_in_the_public_api_has_a_reason() {
    let workspace = Workspace::read().unwrap();
    let libraries = workspace.libraries();
    let ours: BTreeSet<String> = libraries
        .iter()
        .map(|package| package.name.replace('-', "_"))
        .collect();
    let allowed = foreign::allowed().unwrap();
    assert_eq!(allowed.len(), libraries.len(), "one section per library");
    for package in libraries {
        let listing = Listing::committed(&package.name).unwrap();
        let shown = foreign::crates(&listing.items);
        let shown: BTreeSet<&str> = shown
            .into_iter()
            .filter(|name| !ours.contains(*name))
            .collect();
        let allowed = &allowed[&package.name];
        let names: BTreeSet<&str> = allowed.keys().map(|name| &**name).collect();
        assert_eq!(shown, names, "{}: shown, and listed", package.name);
        assert!(
            allowed.values().all(|reason| !reason.is_empty()),
            "{}: a reason is empty",
            package.name
        );
    }
}

#[test]
fn no_dependency_of_users_needs_a_newer_compiler() {
    let workspace = Workspace::read().unwrap();
    let published = workspace.published();
    let promised: BTreeSet<_> = published
        .iter()
        .filter(|package| !NEWER.contains(&&*package.name))
        .map(|package| &package.rust_version)
        .collect();
    assert_eq!(promised.len(), 1, "one rust-version for all: {promised:?}");
    let promised = version(promised.first().unwrap().as_ref().unwrap());

    let compiled = workspace.compiled_by_users().unwrap();
    assert!(compiled.len() > 100, "too few: {compiled:?}");
    let newer: Vec<String> = compiled
        .iter()
        .filter_map(|package| {
            let needed = package.rust_version.as_ref()?;
            let is_sqlx = NEWER.contains(&&*package.name) || package.name.starts_with("sqlx");
            (version(needed) > promised && !is_sqlx)
                .then(|| format!("{package} needs Rust {needed}"))
        })
        .collect();
    assert_eq!(newer, Vec::<String>::new());
}

/// What needs the compiler of sqlx, and says so.
const NEWER: [&str; 2] = ["session-sqlx", "session-tool"];

/// Parses "1.88" or "1.88.0".
fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

#[test]
fn every_published_crate_forbids_unsafe_code() {
    let workspace_manifest = manifest(&root().join("Cargo.toml")).unwrap();
    let lints = &workspace_manifest["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for package in Workspace::read().unwrap().published() {
        let manifest = manifest(&package.manifest_path).unwrap();
        let inherits = manifest["lints"]["workspace"].as_bool();
        assert_eq!(inherits, Some(true), "{}", package.name);
    }
}

#[test]
fn every_published_crate_packs_a_readme_and_both_licenses() {
    let mut missing = Vec::new();
    for package in Workspace::read().unwrap().published() {
        let list = ["package", "--list", "--locked", "--allow-dirty", "-p"];
        let packed = cargo(list.into_iter().chain([&*package.name])).unwrap();
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            if !packed.lines().any(|path| path == file) {
                missing.push(format!("{}: {file}", package.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "`cargo package --list` lacks these files; put them next to Cargo.toml:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_statement_of_the_security_checklist_has_a_test() {
    let listed = statements::listed().unwrap();
    let tested = statements::tested().unwrap();
    assert!(
        listed.len() >= 32,
        "docs/security.md was not read: {listed:?}"
    );
    let untested: Vec<_> = listed.difference(&tested).collect();
    let unlisted: Vec<_> = tested.difference(&listed).collect();
    assert!(
        untested.is_empty() && unlisted.is_empty(),
        "statements without a test: {untested:?}; tests without a statement: {unlisted:?}"
    );
}

#[test]
fn the_code_in_the_cookbook_is_tested_code() {
    let (mut stale, mut untested, mut count) = (Vec::new(), Vec::new(), 0);
    for page in excerpts::pages().unwrap() {
        count += page.excerpts;
        if page.fresh != page.text {
            stale.push(page.path.clone());
        }
        if page.path.starts_with("docs/cookbook") {
            let lines = excerpts::untested(&page.text).into_iter();
            untested.extend(lines.map(|line| format!("{}:{line}", page.path.display())));
        }
    }
    assert!(count > 20, "too few: {count}");
    assert!(
        stale.is_empty(),
        "the code has changed; run `cargo run -p session-workspace -- excerpts`: {stale:?}"
    );
    assert!(
        untested.is_empty(),
        "blocks of Rust without the comment that names their source: {untested:?}"
    );
}
