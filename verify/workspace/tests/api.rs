//! The public API of each published crate is what is committed in `verify/workspace/api`: a change is a choice.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use session_checks::foreign;
use session_checks::listing::{self, Listing};
use session_checks::workspace::{Workspace, compiler};

#[test]
fn the_public_api_is_what_is_committed() {
    let workspace = Workspace::read().unwrap();
    let now = compiler().unwrap();
    for package in workspace.published() {
        let committed = Listing::committed(&package.name).unwrap();
        if committed.compiler != now {
            // Past the test harness, which shows what passing tests print only if asked.
            let told = format!(
                "\n*** NOT COMPARED: the public API. The listing of {} is rustc {}'s, and this is rustc {now}.\n\n",
                package.name, committed.compiler
            );
            let _ = std::io::stderr().write_all(told.as_bytes());
            return;
        }
    }
    let program = Path::new(env!("CARGO_BIN_EXE_session-checks"));
    let mut report = String::new();
    for (package, listing) in listing::list(&workspace, program).unwrap() {
        let committed = Listing::committed(&package).unwrap();
        assert!(!listing.items.is_empty(), "{package} was read");
        if committed != listing {
            let changes = committed.changes(&listing).join("\n");
            write!(report, "\n{package}:\n{changes}").unwrap();
        }
    }
    assert!(
        report.is_empty(),
        "the public API changed; if that is meant, run `cargo run -p session-checks -- update`{report}"
    );
}

#[test]
fn the_public_api_shows_no_crate_of_others_without_a_reason() {
    let workspace = Workspace::read().unwrap();
    let published = workspace.published();
    let ours: BTreeSet<String> = published
        .iter()
        .map(|package| package.name.replace('-', "_"))
        .collect();
    let allowed = foreign::allowed().unwrap();
    assert_eq!(allowed.len(), published.len(), "a section for each crate");
    for package in published {
        let listing = Listing::committed(&package.name).unwrap();
        let shown = foreign::crates(&listing.items);
        let shown: BTreeSet<&str> = shown
            .into_iter()
            .filter(|name| !ours.contains(*name))
            .collect();
        let allowed = &allowed[&package.name];
        let names: BTreeSet<&str> = allowed.keys().map(|name| &**name).collect();
        assert_eq!(shown, names, "{}: shown, and with a reason", package.name);
        assert!(
            allowed.values().all(|reason| !reason.is_empty()),
            "{}",
            package.name
        );
    }
}
