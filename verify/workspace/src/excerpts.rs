//! Code in the guide that is taken from tested sources.
//!
//! A comment above a code block names the file and the items that the block shows, or the file alone if it shows all of
//! it:
//!
//! ```text
//! <!-- excerpt: examples/shop/src/account.rs: log_in, start -->
//! ```
//!
//! An item is named by its name, or by the beginning of its first line: `impl Page`. A block shows it without
//! `pub(crate)`.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::workspace::{root, tracked};

/// A page of the guide, as it is and as its excerpts should make it.
#[derive(Debug)]
pub struct Page {
    /// The path from the repository's root.
    pub path: PathBuf,
    /// What the file holds.
    pub text: String,
    /// The same, with every excerpt taken from its source.
    pub fresh: String,
    /// How many excerpts the page has.
    pub excerpts: usize,
}

/// Reads all pages of the guide.
///
/// # Errors
///
/// If a page cannot be read, or if an excerpt names something that does not exist, or exists twice.
pub fn pages() -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for path in tracked("docs/*.md")? {
        let path = PathBuf::from(path);
        let text = fs::read_to_string(root().join(&path))?;
        let read = |file: &str| Ok(fs::read_to_string(root().join(file))?);
        let (fresh, excerpts) =
            refresh(&text, read).map_err(|error| format!("{}: {error}", path.display()))?;
        pages.push(Page {
            path,
            text,
            fresh,
            excerpts,
        });
    }
    Ok(pages)
}

impl Page {
    /// Writes the fresh text.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self) -> Result<()> {
        Ok(fs::write(root().join(&self.path), &self.fresh)?)
    }
}

/// Returns the numbers of the lines on which a block of Rust begins that is not an excerpt.
#[must_use]
pub fn untested(page: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut previous = "";
    for (number, line) in (1..).zip(page.lines()) {
        if line.starts_with("```rust") && !previous.starts_with(BEGIN) {
            found.push(number);
        }
        previous = line;
    }
    found
}

fn refresh(page: &str, read: impl Fn(&str) -> Result<String>) -> Result<(String, usize)> {
    let (mut fresh, mut excerpts) = (String::new(), 0);
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        let Some(excerpt) = line.strip_prefix(BEGIN) else {
            continue;
        };
        let excerpt = excerpt.strip_suffix(END).ok_or("an unfinished comment")?;
        let (file, items) = excerpt.split_once(": ").unwrap_or((excerpt, ""));
        let source = read(file).map_err(|error| format!("{file}: {error}"))?;
        let fence = lines.next().filter(|line| line.starts_with(FENCE));
        let fence = fence.ok_or_else(|| format!("{excerpt}: no code block follows"))?;
        let blocks: Result<Vec<_>> = match items {
            "" => Ok(vec![source.trim_end().to_owned()]),
            items => items.split(", ").map(|name| item(&source, name)).collect(),
        };
        let blocks = blocks.map_err(|error| format!("{file}: {error}"))?;
        let code = blocks.join("\n\n").replace("pub(crate) ", "");
        fresh.push_str(&format!("{fence}\n{code}\n{FENCE}\n"));
        lines
            .find(|line| *line == FENCE)
            .ok_or_else(|| format!("{excerpt}: the code block has no end"))?;
        excerpts += 1;
    }
    Ok((fresh, excerpts))
}

/// Returns an item of a source that rustfmt has formatted: only an item's first and last line, and what is above it, begin
/// in the first column.
fn item(source: &str, name: &str) -> Result<String> {
    let lines: Vec<&str> = source.lines().collect();
    let mut named = (0..lines.len()).filter(|at| is_first_line(lines[*at], name));
    let first = named.next().ok_or_else(|| format!("no item `{name}`"))?;
    if named.next().is_some() {
        return Err(format!("more than one item `{name}`").into());
    }
    let is_above = |line: &&&str| line.starts_with("///") || line.starts_with("#[");
    let above = lines[..first].iter().rev().take_while(is_above).count();
    let is_last = |line: &&str| {
        let begins = line.starts_with(['}', ')', ']']);
        begins && line.ends_with(['}', ';']) || *line == "}"
    };
    let last = if lines[first].ends_with(['}', ';']) {
        first
    } else {
        let rest = lines[first..].iter().position(is_last);
        first + rest.ok_or_else(|| format!("`{name}` has no end"))?
    };
    Ok(lines[first - above..=last].join("\n"))
}

fn is_first_line(line: &str, name: &str) -> bool {
    let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let Some(rest) = line.strip_prefix(name) else {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let line = line.strip_prefix("const fn").map_or(line, |_| &line[6..]);
        return KINDS.iter().any(|kind| {
            let rest = line
                .strip_prefix(kind)
                .and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(ends_a_name)
        });
    };
    name.contains(' ') && ends_a_name(rest)
}

fn ends_a_name(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
}

const BEGIN: &str = "<!-- excerpt: ";
const END: &str = " -->";
const FENCE: &str = "```";
const KINDS: [&str; 6] = ["fn ", "struct ", "enum ", "const ", "type ", "trait "];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use super::*;

    const SOURCE: &str = "\
use std::fmt;

/// One.
#[derive(Debug)]
pub(crate) struct One {
    pub(crate) one: u8,
}

impl One {
    fn one() {}
}

/// Two.
pub(crate) async fn two(
    one: One,
) -> u8 {
    2
}

const THREE: [u8; 2] = [
    1,
];
const FOUR: u8 = 4;
";

    #[test]
    fn an_item_is_found_with_what_is_above_it() {
        let one = "/// One.\n#[derive(Debug)]\npub(crate) struct One {\n    pub(crate) one: u8,\n}";
        assert_eq!(item(SOURCE, "One").unwrap(), one);
        assert_eq!(
            item(SOURCE, "impl One").unwrap(),
            "impl One {\n    fn one() {}\n}"
        );
        let two = "/// Two.\npub(crate) async fn two(\n    one: One,\n) -> u8 {\n    2\n}";
        assert_eq!(item(SOURCE, "two").unwrap(), two);
        assert_eq!(
            item(SOURCE, "THREE").unwrap(),
            "const THREE: [u8; 2] = [\n    1,\n];"
        );
        assert_eq!(item(SOURCE, "FOUR").unwrap(), "const FOUR: u8 = 4;");
    }

    #[test]
    fn an_item_that_is_missing_or_ambiguous_is_an_error() {
        let error = |source, name| item(source, name).unwrap_err().to_string();
        assert_eq!(error(SOURCE, "Five"), "no item `Five`");
        assert_eq!(error(SOURCE, "On"), "no item `On`");
        let twice = "fn a() {}\nfn a() {}\n";
        assert_eq!(error(twice, "a"), "more than one item `a`");
    }

    #[test]
    fn an_excerpt_replaces_the_block_below_it() {
        let page = "# A\n<!-- excerpt: a.rs: FOUR, One -->\n```rust\nold\n```\ntext\n";
        let (fresh, excerpts) = refresh(page, |_| Ok(SOURCE.to_owned())).unwrap();
        let block =
            "const FOUR: u8 = 4;\n\n/// One.\n#[derive(Debug)]\nstruct One {\n    one: u8,\n}";
        let expected = page.replace("old", block);
        assert_eq!((fresh, excerpts), (expected, 1));
    }

    #[test]
    fn an_excerpt_without_a_block_is_an_error() {
        let refresh = |page| refresh(page, |_| Ok(SOURCE.to_owned()));
        assert!(refresh("<!-- excerpt: a.rs -->\ntext\n").is_err());
        assert!(refresh("<!-- excerpt: a.rs -->\n```rust\n").is_err());
        assert!(refresh("<!-- excerpt: a.rs\n```rust\n```\n").is_err());
    }

    #[test]
    fn rust_that_is_no_excerpt_is_found() {
        let page = "<!-- excerpt: a.rs -->\n```rust\n```\n```rust,ignore\n```\n```sh\n```\n";
        assert_eq!(untested(page), [4]);
    }
}
