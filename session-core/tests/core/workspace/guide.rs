//! What the guide lists is what the sources have: the tests of each security statement, and the events in the log.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A test that covers a statement: the statement's number, the test's name, its file.
type Covered = (u8, String, String);

#[test]
fn the_table_of_security_statements_names_every_numbered_test_and_no_other() {
    let page = page("security.md");
    let rows: Vec<Covered> = page.lines().flat_map(listed).collect();
    let listed: BTreeSet<Covered> = rows.iter().cloned().collect();
    let mut found = BTreeSet::new();
    for (path, source) in sources() {
        found.extend(source.lines().flat_map(|line| numbered(line, &path)));
    }
    let mut complaints = Vec::new();
    for (number, name, path) in found.difference(&listed) {
        complaints.push(format!("row {number} lacks [{name}](../{path})"));
    }
    for (number, name, path) in listed.difference(&found) {
        complaints.push(format!("row {number} has {name}, which is not in {path}"));
    }
    if rows.len() > listed.len() {
        complaints.push("a test stands twice in its row".to_owned());
    }
    for number in 1..=32 {
        if !listed.iter().any(|(of, ..)| *of == number) {
            complaints.push(format!("statement {number} has no test"));
        }
    }
    assert!(
        complaints.is_empty(),
        "docs/security.md:\n{}",
        complaints.join("\n")
    );
}

/// The tests in a row of the table: `| 7 | statement | [name](../path)<br>… |`.
fn listed(row: &str) -> Vec<Covered> {
    let mut cells = row.split('|').map(str::trim).skip(1);
    let Some(number) = cells.next().and_then(|cell| cell.parse().ok()) else {
        return Vec::new();
    };
    let tests = cells.nth(1).unwrap_or_default();
    tests
        .split("<br>")
        .filter_map(|link| {
            link.strip_prefix('[')?
                .strip_suffix(')')?
                .split_once("](../")
        })
        .map(|(name, path)| (number, name.to_owned(), path.to_owned()))
        .collect()
}

/// The function that this line begins, once for each number in front of its name: `fn s07_s16_…`.
fn numbered(line: &str, path: &str) -> Vec<Covered> {
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
    numbers
        .map(|number| (number, name.to_owned(), path.to_owned()))
        .collect()
}

/// An event: its level, its message, its fields.
type Event = (String, String, String);

#[test]
fn the_table_of_events_is_that_of_the_sources() {
    let page = page("operating.md");
    let listed: BTreeSet<Event> = page.lines().filter_map(described).collect();
    let mut found = BTreeSet::new();
    for (path, source) in sources() {
        // Only what is published: neither examples nor tests.
        let is_published = path.contains("/src/")
            && ["session-", "adapters/"]
                .iter()
                .any(|root| path.starts_with(root))
            && !path.starts_with("verify/conformance");
        if is_published {
            found.extend(emitted(&source));
        }
    }
    let row = |(level, message, fields): &Event| format!("| {level} | {message} | {fields} |");
    let lacking: Vec<String> = found.difference(&listed).map(row).collect();
    let stale: Vec<String> = listed.difference(&found).map(row).collect();
    assert!(found.len() > 10, "the sources were read: {found:?}");
    assert!(
        lacking.is_empty() && stale.is_empty(),
        "docs/operating.md lacks\n{}\nand has what no source emits\n{}",
        lacking.join("\n"),
        stale.join("\n")
    );
}

/// A row of the table of events: `| DEBUG | session created | id | what it means |`, each in code or not.
fn described(row: &str) -> Option<Event> {
    let mut cells = row.split('|').map(|cell| cell.replace('`', "")).skip(1);
    let level = cells.next()?.trim().to_owned();
    if !LEVELS.contains(&&*level) {
        return None;
    }
    let mut cell = || Some(cells.next()?.trim().to_owned());
    Some((level, cell()?, cell()?))
}

/// The events of a source file: calls of tracing's macros, and of the two that `events.rs` makes of them.
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

/// None where the message is no literal, as in the definition of a macro, and where the target is not ours.
fn event(name: &str, arguments: &[String]) -> Option<Event> {
    let (message, rest) = arguments.split_last()?;
    let mut is_ours = matches!(name, "event" | "failure");
    let message = message
        .strip_prefix('"')?
        .strip_suffix('"')?
        .replace('`', "");
    // Literals that go on in the next line.
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

/// The arguments of a call, up to its closing parenthesis, on one line each.
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

/// All Rust sources of the workspace, with their paths from its root.
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
