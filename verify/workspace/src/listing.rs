//! The public API as text: one line for each public item that rustdoc sees with all features
//! enabled.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use public_api::Builder;

use crate::Result;
use crate::workspace::{Workspace, cargo_command, compiler, root, run};

/// The public API of one crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The release of the compiler that made it.
    pub compiler: String,
    /// One line for each public item.
    pub items: Vec<String>,
}

impl Listing {
    /// Reads the committed listing.
    ///
    /// # Errors
    ///
    /// If the file is missing or does not start with its compiler.
    pub fn committed(package: &str) -> Result<Self> {
        let path = path(package);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (first, items) = text.split_once('\n').unwrap_or_default();
        let compiler = first
            .strip_prefix(FIRST_LINE)
            .ok_or("a listing starts with its compiler")?;
        Ok(Self {
            compiler: compiler.to_owned(),
            items: items.lines().map(str::to_owned).collect(),
        })
    }

    /// Writes the listing where it is committed.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, package: &str) -> Result<()> {
        let text = format!("{FIRST_LINE}{}\n{}\n", self.compiler, self.items.join("\n"));
        Ok(fs::write(path(package), text)?)
    }

    /// Returns the removed items, each after a `-`, then the added ones, each after a `+`.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let [before, after] =
            [self, now].map(|listing| listing.items.iter().collect::<BTreeSet<_>>());
        let gone = before.difference(&after).map(|item| format!("- {item}"));
        let new = after.difference(&before).map(|item| format!("+ {item}"));
        gone.chain(new).collect()
    }
}

/// Lists every published library as it is now. `program` is the program of this crate, which takes
/// the role of rustdoc.
///
/// Documents all crates of the workspace at once: their dependencies are then the ones that clippy
/// and `cargo doc` have already built.
///
/// # Errors
///
/// If cargo or rustdoc fails.
pub fn list(workspace: &Workspace, program: &Path) -> Result<Vec<(String, Listing)>> {
    let mut command = cargo_command();
    command
        .args([
            "doc",
            "--locked",
            "--workspace",
            "--lib",
            "--all-features",
            "--no-deps",
        ])
        .env("RUSTDOC", program)
        .env(REAL_RUSTDOC, real_rustdoc())
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json");
    run(&mut command)?;
    let compiler = compiler()?;
    let libraries = workspace.libraries().into_iter();
    let list = libraries.map(|package| {
        let file = format!("doc/{}.json", package.name.replace('-', "_"));
        let api = Builder::from_rustdoc_json(workspace.target_directory().join(file))
            .omit_blanket_impls(true)
            .build()?;
        let items = api.items().map(ToString::to_string);
        let listing = Listing {
            compiler: compiler.clone(),
            items: items
                .filter(|item| !INTERNAL.iter().any(|internal| item.contains(internal)))
                .collect(),
        };
        Ok((package.name.clone(), listing))
    });
    list.collect()
}

/// Returns the real rustdoc with unstable output enabled, if cargo started this program in its
/// place.
///
/// Setting `RUSTC_BOOTSTRAP` for cargo instead would rebuild every crate that reads that variable,
/// and their dependents.
#[must_use]
pub fn rustdoc() -> Option<Command> {
    let mut command = Command::new(std::env::var_os(REAL_RUSTDOC)?);
    command
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1");
    Some(command)
}

fn real_rustdoc() -> std::ffi::OsString {
    std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into())
}

fn path(package: &str) -> PathBuf {
    root()
        .join("verify/workspace/api")
        .join(package)
        .with_extension("txt")
}

const FIRST_LINE: &str = "# All features, rustc ";
/// Traits internal to the compiler, which users cannot name.
const INTERNAL: [&str; 2] = [
    " core::marker::Freeze for ",
    " core::marker::UnsafeUnpin for ",
];
const REAL_RUSTDOC: &str = "SESSION_WORKSPACE_RUSTDOC";
