//! Two tables of the guide match the sources: the tests for each statement of the security
//! checklist, and the log events.
//!
//! `UPDATE_GUIDE=1 cargo test -p session-core --all-features --test core guide` rewrites the names
//! of the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The tests for each statement of the security checklist: their names and files.
type Tests = BTreeMap<u8, BTreeSet<(String, String)>>;

#[test]
fn the_guide_lists_the_tests_for_every_security_statement() {
    let mut tests = Tests::new();
    for (path, source) in sources() {
        for line in source.lines() {
            for (number, name) in numbered(line) {
                let of_number = tests.entry(number).or_default();
                of_number.insert((name.to_owned(), path.clone()));
            }
        }
    }
    for number in 1..=32 {
        assert!(
            tests.contains_key(&number),
            "statement {number} has no test"
        );
    }
    let page = page("security.md");
    let rows = page.lines().filter_map(|line| row(line, &tests)).count();
    assert_eq!(rows, tests.len(), "one row for each statement");
    let expected: String = page
        .split_inclusive('\n')
        .map(|line| row(line, &tests).unwrap_or_else(|| line.to_owned()))
        .collect();
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(root().join("docs/security.md"), &expected).unwrap();
        return;
    }
    let differences: Vec<_> = std::iter::zip(page.lines(), expected.lines())
        .filter(|(found, expected)| found != expected)
        .map(|(_, expected)| expected)
        .collect();
    assert!(
        differences.is_empty(),
        "docs/security.md is out of date, set UPDATE_GUIDE=1 to rewrite these rows:\n{}",
        differences.join("\n")
    );
}

/// Returns a row of the table with the current tests: `| 7 | statement | [name](../path)<br>… |`.
fn row(line: &str, tests: &Tests) -> Option<String> {
    let cells: Vec<&str> = line.trim_end().trim_matches('|').split('|').collect();
    let [number, statement, _] = cells[..] else {
        return None;
    };
    let tests = tests.get(&number.trim().parse().ok()?)?;
    let links: Vec<String> = tests
        .iter()
        .map(|(name, path)| format!("[{name}](../{path})"))
        .collect();
    Some(format!("|{number}|{statement}| {} |\n", links.join("<br>")))
}

/// Returns the name of the function that this line defines, once for each number in it: `fn
/// s07_s16_…`.
fn numbered(line: &str) -> Vec<(u8, &str)> {
    let line = line.trim_start();
    let line = line
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub ");
    let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") else {
        return Vec::new();
    };
    let name = rest.split(['(', '<']).next().unwrap_or_default();
    let numbers = name.split('_').map_while(|word| {
        let number = word.strip_prefix('s')?;
        (number.len() == 2).then(|| number.parse().ok()).flatten()
    });
    numbers.map(|number| (number, name)).collect()
}

/// An event: its level, its message, its fields.
type Event = (String, String, String);

#[test]
fn the_guide_lists_every_log_event() {
    let page = page("operating.md");
    let listed: BTreeSet<Event> = page.lines().filter_map(described).collect();
    let mut found = BTreeSet::new();
    for (path, source) in sources() {
        // Only published crates.
        let is_published = path.contains("/src/")
            && ["session-", "adapters/"]
                .iter()
                .any(|root| path.starts_with(root));
        if is_published {
            found.extend(emitted(&source));
        }
    }
    let row = |(level, message, fields): &Event| format!("| {level} | {message} | {fields} |");
    let missing: Vec<String> = found.difference(&listed).map(row).collect();
    let stale: Vec<String> = listed.difference(&found).map(row).collect();
    assert!(found.len() > 10, "all sources must be read: {found:?}");
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/operating.md does not list\n{}\nand lists events that do not exist\n{}",
        missing.join("\n"),
        stale.join("\n")
    );
}

/// Reads a row of the table of events: `| DEBUG | session created | id | meaning |`, where cells
/// may be code.
fn described(row: &str) -> Option<Event> {
    let mut cells = row.split('|').map(|cell| cell.replace('`', "")).skip(1);
    let level = cells.next()?.trim().to_owned();
    if !LEVELS.contains(&&*level) {
        return None;
    }
    let mut cell = || Some(cells.next()?.trim().to_owned());
    Some((level, cell()?, cell()?))
}

/// Returns the events of a source file: calls of tracing's macros, and of the two in `events.rs`.
fn emitted(source: &str) -> Vec<Event> {
    let calls = [
        "event!(",
        "failure!(",
        "error!(",
        "warn!(",
        "info!(",
        "debug!(",
    ];
    let mut events = Vec::new();
    for (at, _) in source.match_indices("!(") {
        let start = source[..at].rfind(|c: char| !c.is_ascii_lowercase());
        let start = start.map_or(0, |start| start + 1);
        let (name, rest) = (&source[start..at + 2], &source[at + 2..]);
        if calls.contains(&name) {
            events.extend(event(name.trim_end_matches("!("), &arguments(rest)));
        }
    }
    events
}

/// Returns `None` if the message is not a literal, as in a macro definition, or if the target is
/// not ours.
fn event(name: &str, arguments: &[String]) -> Option<Event> {
    let (message, rest) = arguments.split_last()?;
    let mut is_ours = matches!(name, "event" | "failure");
    let message = message
        .strip_prefix('"')?
        .strip_suffix('"')?
        .replace('`', "");
    // Literals may continue on the next line.
    let lines = message.split("\\\n").map(str::trim_start);
    let message = lines.collect::<String>();
    let mut level = match name {
        "event" => String::new(),
        "failure" => "ERROR".to_owned(),
        name => name.to_ascii_uppercase(),
    };
    let mut fields = Vec::new();
    for argument in rest {
        let argument = argument.trim_start_matches("tracing::Level::");
        if LEVELS.contains(&argument) {
            level = argument.to_owned();
        } else if argument.starts_with("target:") {
            is_ours = argument.contains("\"session\"") || argument.contains("TARGET");
        } else {
            let field = argument.split('=').next().unwrap_or_default();
            fields.push(field.trim().trim_start_matches(['%', '?']).to_owned());
        }
    }
    is_ours.then(|| (level, message, fields.join(", ")))
}

/// Returns the arguments of a call, up to its closing parenthesis.
fn arguments(rest: &str) -> Vec<String> {
    let (mut arguments, mut depth, mut in_text) = (vec![String::new()], 0, false);
    let mut last = ' ';
    for c in rest.chars() {
        match c {
            '"' if last != '\\' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text && depth == 0 => break,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        arguments.last_mut().unwrap().push(c);
        last = c;
    }
    let trimmed = arguments.iter().map(|argument| argument.trim().to_owned());
    trimmed.filter(|argument| !argument.is_empty()).collect()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// Returns all Rust sources of the workspace with their relative paths.
fn sources() -> Vec<(String, String)> {
    let (root, mut folders, mut sources) = (root(), vec![root()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let shown = path.strip_prefix(&root).unwrap().to_str().unwrap();
                let shown = shown.replace(std::path::MAIN_SEPARATOR, "/");
                sources.push((shown, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

const LEVELS: [&str; 4] = ["DEBUG", "INFO", "WARN", "ERROR"];
