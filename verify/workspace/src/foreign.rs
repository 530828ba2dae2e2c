//! Crates outside this workspace whose types our public API shows. A new major version of one is a
//! new major version of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::Result;
use crate::workspace::root;

/// For each published library, the foreign crates that its API may show, each with a reason.
pub type Allowed = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the committed list.
///
/// # Errors
///
/// If the list is missing or malformed.
pub fn allowed() -> Result<Allowed> {
    let text = fs::read_to_string(root().join("verify/workspace/api/foreign.toml"))?;
    Ok(toml::from_str(&text)?)
}

/// Returns the crates whose paths appear in these lines, except for the standard library.
#[must_use]
pub fn crates(items: &[String]) -> BTreeSet<&str> {
    let heads = items.iter().flat_map(|item| heads(item));
    heads.filter(|name| !STANDARD.contains(name)).collect()
}

/// Returns the first segment of each path that starts with a crate. Types and type parameters start
/// with a capital.
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

/// The standard library, and a primitive type with items of a trait.
const STANDARD: [&str; 4] = ["alloc", "core", "std", "str"];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(item: &str) -> Vec<String> {
        let items = [item.to_owned()];
        crates(&items).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn finds_the_crate_of_every_path_in_a_line() {
        let item = "pub fn ours::A<T>::f(&self, &http::Map<bytes::Bytes>) -> T::Error where T: a_b::C<core::D>";
        assert_eq!(found(item), ["a_b", "bytes", "http", "ours"]);
    }

    #[test]
    fn later_segments_of_a_path_are_not_crates() {
        assert_eq!(found("pub use ours::inner::Thing"), ["ours"]);
        assert_eq!(found("pub struct Thing"), Vec::<String>::new());
    }
}
