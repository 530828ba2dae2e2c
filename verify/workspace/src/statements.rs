//! The statements of the security checklist, and the functions that test them.
//!
//! A test that covers a statement starts with its number: `s08_…`, or `s08_s09_…` if it covers two.

use std::collections::BTreeSet;
use std::fs;

use crate::Result;
use crate::workspace::{root, tracked};

/// Returns the numbers that the checklist in `docs/security.md` lists: rows such as
/// `| 8 | A late save … |`.
///
/// # Errors
///
/// If the page cannot be read.
pub fn listed() -> Result<BTreeSet<u8>> {
    let page = fs::read_to_string(root().join("docs/security.md"))?;
    Ok(page.lines().filter_map(row).collect())
}

/// Returns the numbers that start the name of a function in a Rust source of the repository.
///
/// # Errors
///
/// If git fails, or a source cannot be read.
pub fn tested() -> Result<BTreeSet<u8>> {
    let mut found = BTreeSet::new();
    for source in tracked("*.rs")? {
        let source = fs::read_to_string(root().join(source))?;
        found.extend(source.lines().flat_map(covered));
    }
    Ok(found)
}

fn row(line: &str) -> Option<u8> {
    line.strip_prefix('|')?
        .split('|')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// Returns the numbers in the name of the function that starts on this line.
fn covered(line: &str) -> Vec<u8> {
    let name = line.split_once("fn ").map_or("", |(_, name)| name);
    let numbers = name.split('_').map_while(|word| {
        let number = word.strip_prefix('s')?;
        (number.len() == 2).then(|| number.parse().ok()).flatten()
    });
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_checklist_starts_with_its_number() {
        assert_eq!(row("| 8 | A late save. |"), Some(8));
        assert_eq!(row("| No. | Statement |"), None);
        assert_eq!(row("8 | A late save."), None);
    }

    #[test]
    fn the_name_of_a_test_starts_with_the_numbers_that_it_covers() {
        assert_eq!(
            covered("    pub(crate) async fn s08_s09_late_save() {"),
            [8, 9]
        );
        assert!(covered("fn saves_s08_late() {").is_empty());
        assert!(covered("let s08_late = 1;").is_empty());
    }
}
