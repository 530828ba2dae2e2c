//! The policy for what users compile. It is deny.toml, as `cargo deny` reads it; what is here reads the same file without
//! that tool, which takes minutes to build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::Result;
use crate::expression::is_satisfied;
use crate::workspace::{Package, Workspace, root};

/// What is read of deny.toml.
#[derive(Debug, Deserialize)]
pub struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bans {
    multiple_versions: String,
    wildcards: String,
    deny: Vec<Rule>,
    skip: Vec<Rule>,
}

/// A crate, or some versions of it, and why it is named.
#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
}

impl Policy {
    /// Reads the policy that is committed.
    ///
    /// # Errors
    ///
    /// When it is missing, or not as it should be.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(root().join("deny.toml"))?;
        Ok(toml::from_str(&text)?)
    }

    /// All that breaks it among what users compile; for the versions asked for, among what is built here.
    #[must_use]
    pub fn complaints(&self, members: &[&Package], compiled: &[&Package]) -> Vec<String> {
        let mut complaints = self.weakened();
        for package in compiled {
            complaints.extend(self.of_one(package));
        }
        complaints.extend(self.versions(compiled));
        for package in members {
            let wild = package
                .dependencies
                .iter()
                .filter(|needed| needed.req == "*" && needed.path.is_none());
            complaints.extend(
                wild.map(|needed| {
                    format!("{}: any version of {} will do", package.name, needed.name)
                }),
            );
        }
        complaints
    }

    /// What it must say for the other checks to be what it means.
    fn weakened(&self) -> Vec<String> {
        let settings = [
            ("multiple-versions", &self.bans.multiple_versions),
            ("wildcards", &self.bans.wildcards),
            ("unknown-registry", &self.sources.unknown_registry),
            ("unknown-git", &self.sources.unknown_git),
        ];
        let weak = settings.into_iter().filter(|(_, value)| *value != "deny");
        let weak = weak.map(|(name, value)| format!("deny.toml: {name} is {value}"));
        let rules = self.bans.deny.iter().chain(&self.bans.skip);
        let silent = rules.filter(|rule| rule.reason.trim().is_empty());
        weak.chain(silent.map(|rule| format!("deny.toml: {} has no reason", rule.name)))
            .collect()
    }

    fn of_one(&self, package: &Package) -> Vec<String> {
        let mut complaints = Vec::new();
        let license = package.license.as_deref().unwrap_or_default();
        if !is_satisfied(license, &self.licenses.allow) {
            complaints.push(format!("{package}: its licence is {license:?}"));
        }
        // Ours has none; git, another registry and a path outside of the workspace are not the registry.
        let is_foreign = package.source.as_ref().is_some_and(|source| {
            !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
        });
        if is_foreign {
            complaints.push(format!("{package}: its source is not the registry"));
        }
        for rule in &self.bans.deny {
            if rule.name == package.name {
                complaints.push(format!("{package}: {}", rule.reason));
            }
        }
        complaints
    }

    /// Second versions that nobody explained, and explanations of what is no longer there.
    fn versions(&self, compiled: &[&Package]) -> Vec<String> {
        let mut versions: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
        for package in compiled {
            versions.entry(&package.name).or_default().push(package);
        }
        let mut explained = BTreeSet::new();
        let mut complaints = Vec::new();
        for (name, packages) in versions
            .into_iter()
            .filter(|(_, packages)| packages.len() > 1)
        {
            let mut unexplained = Vec::new();
            for package in packages {
                match self.bans.skip.iter().find(|rule| rule.is_about(package)) {
                    Some(rule) => {
                        explained.insert(&*rule.name);
                    }
                    None => unexplained.push(&*package.version),
                }
            }
            if unexplained.len() > 1 {
                complaints.push(format!("{name} comes as {}", unexplained.join(" and ")));
            }
        }
        let stale = self
            .bans
            .skip
            .iter()
            .filter(|rule| !explained.contains(&*rule.name));
        complaints
            .extend(stale.map(|rule| format!("deny.toml: {} is no second version", rule.name)));
        complaints
    }
}

impl Rule {
    /// `name:1` is about every 1.x of it, `name:0.22` about every 0.22.x.
    fn is_about(&self, package: &Package) -> bool {
        let (name, version) = self.name.split_once(':').unwrap_or((&self.name, ""));
        let rest = package.version.strip_prefix(version);
        name == package.name && rest.is_some_and(|rest| rest.starts_with('.') || version.is_empty())
    }
}

/// What is said of the workspace as it is.
///
/// # Errors
///
/// What cargo complains about, and a policy that cannot be read.
pub fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let members: Vec<&Package> = workspace.members().collect();
    Ok(Policy::read()?.complaints(&members, &workspace.compiled_by_users()?))
}
