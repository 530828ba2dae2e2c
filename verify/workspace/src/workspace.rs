//! The workspace, as cargo and git describe it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// Every package that is built here, including those for tests and examples.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    target_directory: PathBuf,
}

/// One package of the dependency graph.
#[derive(Debug, Deserialize)]
pub struct Package {
    id: String,
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The oldest compiler that the package declares support for.
    pub rust_version: Option<String>,
    /// The path of `Cargo.toml`.
    pub manifest_path: PathBuf,
    publish: Option<Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: BTreeSet<String>,
}

impl Workspace {
    /// Runs `cargo metadata` with all features enabled.
    ///
    /// # Errors
    ///
    /// If cargo fails.
    pub fn read() -> Result<Self> {
        let metadata = cargo([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ])?;
        Ok(serde_json::from_str(&metadata)?)
    }

    /// Returns the directory that cargo builds in.
    #[must_use]
    pub fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// Returns the published packages of this repository, sorted by name.
    #[must_use]
    pub fn published(&self) -> Vec<&Package> {
        let is_published = |package: &&Package| {
            package.publish.is_none() && self.workspace_members.contains(&package.id)
        };
        self.packages.iter().filter(is_published).collect()
    }

    /// Returns the published packages that have an API, sorted by name.
    #[must_use]
    pub fn libraries(&self) -> Vec<&Package> {
        let mut packages = self.published();
        packages.retain(|package| package.has_library());
        packages
    }

    /// Returns every package that users of the published ones may compile: with every feature, on
    /// every platform.
    ///
    /// # Errors
    ///
    /// If cargo fails.
    pub fn compiled_by_users(&self) -> Result<Vec<&Package>> {
        let mut found = BTreeSet::new();
        for package in self.published() {
            let tree = cargo([
                "tree",
                "--locked",
                "--edges=normal,build",
                "--prefix=none",
                "--no-dedupe",
                "--format={p}",
                "--all-features",
                "--target=all",
                "-p",
                &package.name,
            ])?;
            // A third word, if there is one, is a path or marks a macro.
            let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            found.extend(tree.lines().map(name));
        }
        let is_found = |package: &&Package| found.contains(&package.to_string());
        Ok(self.packages.iter().filter(is_found).collect())
    }
}

impl Package {
    fn has_library(&self) -> bool {
        let mut targets = self.targets.iter();
        targets.any(|target| target.kind.contains("lib"))
    }
}

/// The name and the version, as `cargo tree` prints them.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// Reads a TOML file.
///
/// # Errors
///
/// If the file is missing or malformed.
pub fn manifest(path: &Path) -> Result<BTreeMap<String, toml::Value>> {
    Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
}

/// Runs cargo in the root of the workspace and returns its output.
///
/// # Errors
///
/// If cargo fails. The error contains what cargo printed.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
    run(cargo_command().args(arguments))
}

/// Returns a command that runs cargo in the root of the workspace.
///
/// Cargo sets variables about the package whose program or test it runs. They are removed, because
/// they would make build scripts run again that depend on them, such as ring's.
#[must_use]
pub fn cargo_command() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        let name = name.to_string_lossy();
        if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Returns the paths of the tracked and new files that match a pattern of git's, relative to the
/// root.
///
/// # Errors
///
/// If git fails.
pub fn tracked(pattern: &str) -> Result<Vec<String>> {
    let mut command = Command::new("git");
    command
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .arg(pattern)
        .current_dir(root());
    let files = run(&mut command)?;
    // A file that was deleted but not staged is still in the index.
    let files = files.lines().filter(|file| root().join(file).exists());
    Ok(files.map(str::to_owned).collect())
}

/// Runs a command and returns its output.
///
/// # Errors
///
/// If the command fails. The error contains what it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{printed}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the release of the compiler, such as `1.95.0`.
///
/// # Errors
///
/// If the compiler cannot be run.
pub fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = run(Command::new(rustc).arg("-vV"))?;
    let release = version
        .lines()
        .find_map(|line| line.strip_prefix("release: "));
    Ok(release.ok_or("rustc -vV prints no release")?.to_owned())
}

/// Returns the root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().and_then(Path::parent).unwrap_or(folder)
}
