//! How many crates of others each of ours brings, as the guide's page on dependencies says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::workspace::{Package, Workspace, root, tree};

/// The page, with the table as it should be.
///
/// # Errors
///
/// What cargo complains about, and a page without the marks around its table.
pub fn page(workspace: &Workspace) -> Result<String> {
    let page = fs::read_to_string(path())?;
    let (before, rest) = page
        .split_once(BEGIN)
        .ok_or("the page has no mark where its table begins")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("the page has no mark where its table ends")?;
    Ok(format!(
        "{before}{BEGIN}\n{}{END}{after}",
        table(workspace)?
    ))
}

/// Writes the page's table anew.
///
/// # Errors
///
/// As [`page`], and when the page cannot be written.
pub fn write(workspace: &Workspace) -> Result<()> {
    Ok(fs::write(path(), page(workspace)?)?)
}

/// Where the page is.
#[must_use]
pub fn path() -> PathBuf {
    root().join("docs/dependencies.md")
}

/// A row for each published crate and each of its features alone.
fn table(workspace: &Workspace) -> Result<String> {
    let mut table = String::from(HEAD);
    for package in workspace.published() {
        let framework = FRAMEWORKS
            .iter()
            .find(|(adapter, ..)| *adapter == package.name);
        let bare = framework.map(|(_, framework, features)| bare(workspace, framework, features));
        let bare = bare.transpose()?;
        let names = package
            .features
            .keys()
            .map(|name| &**name)
            .filter(|name| *name != "default");
        let all = package
            .features
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>()
            .join(",");
        let sets = [("none", "")]
            .into_iter()
            .chain(names.map(|name| (name, name)));
        let sets = sets.chain((!all.is_empty() && all != "default").then_some(("all", &*all)));
        for (name, features) in sets {
            let crates = others(workspace, package, features)?;
            let beside = bare
                .as_ref()
                .map(|bare| crates.difference(bare).count().to_string());
            table += &format!(
                "| `{}` | {name} | {} | {} |\n",
                package.name,
                crates.len(),
                beside.as_deref().unwrap_or_default()
            );
        }
    }
    Ok(table)
}

/// The crates of others that ours brings with these features, on one platform so that the figure is the same everywhere.
fn others(workspace: &Workspace, package: &Package, features: &str) -> Result<BTreeSet<String>> {
    let arguments = ["-p", &*package.name, "--locked", "--target", TARGET];
    let features = ["--no-default-features", "--features", features];
    let crates = tree(root(), arguments.into_iter().chain(features))?;
    let ours: BTreeSet<String> = workspace.members().map(ToString::to_string).collect();
    Ok(crates.difference(&ours).cloned().collect())
}

/// What an application compiles with the framework alone, in the versions of this workspace.
fn bare(workspace: &Workspace, framework: &str, features: &str) -> Result<BTreeSet<String>> {
    let package = workspace
        .packages()
        .find(|package| package.name == framework);
    let version = &package
        .ok_or("an adapter's framework is in the workspace")?
        .version;
    let folder = workspace
        .target_directory()
        .join("session-checks")
        .join(framework);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"bare\"\nedition = \"2024\"\n\n[dependencies]\n\
         {framework} = {{ version = \"={version}\", features = [{features}] }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    tree(&folder, ["--target", TARGET])
}

const BEGIN: &str = "<!-- written by `cargo run -p session-checks -- update` -->";
const END: &str = "<!-- until here -->";
const HEAD: &str =
    "| Crate | Features | Crates of others | beside the framework alone |\n|---|---|---|---|\n";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The adapters, their frameworks, and the features that a service of one needs beside the default ones.
const FRAMEWORKS: [(&str, &str, &str); 3] = [
    ("session-axum", "axum", ""),
    ("session-poem", "poem", ""),
    ("session-warp", "warp", "\"server\""),
];
