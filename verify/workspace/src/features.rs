//! Every feature of the published crates, alone and with the others: none may lean on what another one turns on.

use std::time::Instant;

use crate::Result;
use crate::workspace::{Package, Workspace, cargo, root};

/// Lints each published crate without features, with each feature alone, with its default ones and with all.
///
/// # Errors
///
/// What the first set of features that does not compile, or not without a warning, is told.
pub fn check(workspace: &Workspace) -> Result<()> {
    let published = workspace.published();
    let (begin, mut count) = (Instant::now(), 0);
    for package in &published {
        let begin = Instant::now();
        let sets = sets(package);
        for set in &sets {
            let lints = ["clippy", "--locked", "--quiet", "-p", &*package.name];
            let arguments = lints.into_iter().chain(set.iter().copied());
            cargo(root(), arguments.chain(["--", "-D", "warnings"]))?;
        }
        count += sets.len();
        println!(
            "{}: {} sets, {} s",
            package.name,
            sets.len(),
            begin.elapsed().as_secs()
        );
    }
    println!(
        "features: {count} sets of {} crates lint alone, in {} s",
        published.len(),
        begin.elapsed().as_secs()
    );
    Ok(())
}

/// The arguments for each set of features, without repeating one.
fn sets(package: &Package) -> Vec<Vec<&str>> {
    let names = package
        .features
        .keys()
        .map(|name| &**name)
        .filter(|name| *name != "default");
    let mut sets = vec![vec!["--no-default-features"]];
    sets.extend(
        names
            .clone()
            .map(|name| vec!["--no-default-features", "--features", name]),
    );
    if package
        .features
        .get("default")
        .is_some_and(|turned_on| turned_on.len() > 1)
    {
        sets.push(vec![]);
    }
    if names.count() > 1 {
        sets.push(vec!["--all-features"]);
    }
    sets
}
