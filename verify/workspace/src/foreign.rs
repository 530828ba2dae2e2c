//! The crates of others whose types a public API shows: their next major version is one of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::Result;
use crate::workspace::root;

/// For each published crate, the crates of others that it may show, with the reason.
pub type Allowed = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the list that is committed.
///
/// # Errors
///
/// When it is missing, or not as it should be.
pub fn allowed() -> Result<Allowed> {
    let text = fs::read_to_string(root().join("verify/workspace/api/foreign.toml"))?;
    Ok(toml::from_str(&text)?)
}

/// The crates whose paths stand in these lines, without the standard library.
#[must_use]
pub fn crates(items: &[String]) -> BTreeSet<&str> {
    let heads = items.iter().flat_map(|item| heads(item));
    heads.filter(|name| !STANDARD.contains(name)).collect()
}

/// The first segment of each path that begins by a crate; types and their parameters begin by a capital.
fn heads(item: &str) -> impl Iterator<Item = &str> {
    item.match_indices("::").filter_map(|(at, _)| {
        let before = &item[..at];
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let start = start.map_or(0, |start| start + 1);
        let is_first = !before[..start].ends_with("::");
        let name = &before[start..];
        (is_first && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some(name)
    })
}

const STANDARD: [&str; 3] = ["alloc", "core", "std"];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(item: &str) -> Vec<String> {
        let items = [item.to_owned()];
        crates(&items).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_crate_is_seen_wherever_a_path_begins() {
        let item = "pub fn ours::A<T>::f(&self, &http::Map<bytes::Bytes>) -> T::Error where T: a_b::C<core::D>";
        assert_eq!(found(item), ["a_b", "bytes", "http", "ours"]);
    }

    #[test]
    fn what_a_path_goes_on_with_is_no_crate() {
        assert_eq!(found("pub use ours::inner::Thing"), ["ours"]);
        assert_eq!(found("pub struct Thing"), Vec::<String>::new());
    }
}
