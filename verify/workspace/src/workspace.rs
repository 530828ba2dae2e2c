//! The workspace, as cargo describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// All packages that are built here, for tests and examples too.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    target_directory: PathBuf,
}

/// One package of the graph.
#[derive(Debug, Deserialize)]
pub struct Package {
    id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// An SPDX licence expression.
    pub license: Option<String>,
    /// Where it is from; `None` for ours.
    pub source: Option<String>,
    /// The oldest compiler that it says it supports.
    pub rust_version: Option<String>,
    /// Where its `Cargo.toml` is.
    pub manifest_path: PathBuf,
    /// What its `Cargo.toml` asks for.
    pub dependencies: Vec<Dependency>,
    /// Its features, and what each turns on.
    pub features: BTreeMap<String, Vec<String>>,
    publish: Option<Vec<String>>,
}

/// A line among the dependencies of a `Cargo.toml`.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// The versions that will do.
    pub req: String,
    /// `None` for what users compile, `dev` and `build` otherwise.
    pub kind: Option<String>,
    /// Where it is, if it is ours.
    pub path: Option<PathBuf>,
}

impl Workspace {
    /// Asks cargo, with all features on.
    ///
    /// # Errors
    ///
    /// What cargo complains about.
    pub fn read() -> Result<Self> {
        let arguments = [
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ];
        Ok(serde_json::from_str(&cargo(root(), arguments)?)?)
    }

    /// Where cargo builds.
    #[must_use]
    pub fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// All packages, in the order of their names.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter()
    }

    /// Those of this repository.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages()
            .filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Those that users depend on: our libraries, in the order of their names.
    #[must_use]
    pub fn published(&self) -> Vec<&Package> {
        let is_published = |package: &&Package| package.publish.is_none();
        self.members().filter(is_published).collect()
    }

    /// All that users of the published crates may compile: with every feature, on every platform.
    ///
    /// # Errors
    ///
    /// What cargo complains about.
    pub fn compiled_by_users(&self) -> Result<Vec<&Package>> {
        let mut found = BTreeSet::new();
        for package in self.published() {
            let arguments = [
                "-p",
                &*package.name,
                "--locked",
                "--all-features",
                "--target=all",
            ];
            found.extend(tree(root(), arguments)?);
        }
        let is_found = |package: &&Package| found.contains(&package.to_string());
        Ok(self.packages().filter(is_found).collect())
    }
}

/// The name and the version, as cargo's tree writes them.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

impl Package {
    /// What its users compile with it, each once.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<&str> {
        let normal = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none());
        normal.map(|dependency| &*dependency.name).collect()
    }
}

/// What users compile of a package, by name and version: what it needs, and what those need to be built; not its tests.
///
/// # Errors
///
/// What cargo says when it fails.
pub fn tree(
    folder: &Path,
    arguments: impl IntoIterator<Item: AsRef<OsStr>>,
) -> Result<BTreeSet<String>> {
    let edges = [
        "tree",
        "--edges=normal,build",
        "--prefix=none",
        "--no-dedupe",
        "--format={p}",
    ];
    let edges = edges.map(OsString::from).into_iter();
    let arguments = arguments
        .into_iter()
        .map(|argument| argument.as_ref().to_owned());
    let tree = cargo(folder, edges.chain(arguments))?;
    // A third word says where ours are, or that it is a macro.
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(tree.lines().map(name).collect())
}

/// Runs cargo in `folder` and returns what it prints.
///
/// # Errors
///
/// What cargo says when it fails.
pub fn cargo(folder: &Path, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(folder);
    run(&mut command)
}

/// Runs a command and returns what it prints.
///
/// # Errors
///
/// What the command says when it fails.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{said}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The release of the compiler, such as `1.95.0`.
///
/// # Errors
///
/// When there is no compiler.
pub fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = run(Command::new(rustc).arg("-vV"))?;
    let release = version
        .lines()
        .find_map(|line| line.strip_prefix("release: "));
    Ok(release.ok_or("rustc says no release")?.to_owned())
}

/// The folder of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().and_then(Path::parent).unwrap_or(folder)
}
