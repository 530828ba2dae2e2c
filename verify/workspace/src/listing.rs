//! The public API as text: a line for each public item, as rustdoc sees it with all features on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use public_api::Builder;

use crate::Result;
use crate::workspace::{Workspace, compiler, root, run};

/// What is committed of one crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The release of the compiler that made it.
    pub compiler: String,
    /// A line for each public item.
    pub items: Vec<String>,
}

impl Listing {
    /// Reads what is committed.
    ///
    /// # Errors
    ///
    /// When there is no such file, or it does not begin by its compiler.
    pub fn committed(package: &str) -> Result<Self> {
        let path = path(package);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (first, items) = text.split_once('\n').unwrap_or_default();
        let compiler = first
            .strip_prefix(FIRST_LINE)
            .ok_or("a listing begins by its compiler")?;
        Ok(Self {
            compiler: compiler.to_owned(),
            items: items.lines().map(str::to_owned).collect(),
        })
    }

    /// Writes it to where it is committed.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, package: &str) -> Result<()> {
        let text = format!("{FIRST_LINE}{}\n{}\n", self.compiler, self.items.join("\n"));
        Ok(fs::write(path(package), text)?)
    }

    /// The items that only one of the two has: `-` before those of this one, `+` before those of the other.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let [before, after] =
            [self, now].map(|listing| listing.items.iter().collect::<BTreeSet<_>>());
        let gone = before.difference(&after).map(|item| format!("- {item}"));
        let new = after.difference(&before).map(|item| format!("+ {item}"));
        gone.chain(new).collect()
    }
}

/// Lists every published crate as it is now. `program` is this crate's program, which stands in for rustdoc.
///
/// All crates of the workspace are documented at once, because their dependencies are then those that the lints and the
/// documentation have built already.
///
/// # Errors
///
/// What cargo or rustdoc complains about.
pub fn list(workspace: &Workspace, program: &Path) -> Result<Vec<(String, Listing)>> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "doc",
            "--locked",
            "--workspace",
            "--lib",
            "--all-features",
            "--no-deps",
        ])
        .current_dir(root())
        .env("RUSTDOC", program)
        .env(STANDS_IN, real_rustdoc())
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json");
    run(&mut command)?;
    let compiler = compiler()?;
    let published = workspace.published().into_iter();
    let list = published.map(|package| {
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

/// In the program that stands in for rustdoc: the real one, with the unstable output allowed.
///
/// Set for cargo as a whole, `RUSTC_BOOTSTRAP` would make it build again what reads that variable, and all that needs it.
#[must_use]
pub fn rustdoc() -> Option<Command> {
    let mut command = Command::new(std::env::var_os(STANDS_IN)?);
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
/// Traits of the compiler's own, which users cannot name.
const INTERNAL: [&str; 2] = [
    " core::marker::Freeze for ",
    " core::marker::UnsafeUnpin for ",
];
const STANDS_IN: &str = "SESSION_CHECKS_RUSTDOC";
