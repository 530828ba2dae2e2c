//! The table of log events in the guide matches the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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

/// Returns the events of a source file: calls of tracing's macros, and of the one in `events/log.rs`.
fn emitted(source: &str) -> Vec<Event> {
    let calls = ["event!(", "error!(", "warn!(", "info!(", "debug!("];
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
    let mut is_ours = name == "event";
    let message = message
        .strip_prefix('"')?
        .strip_suffix('"')?
        .replace('`', "");
    // Literals may continue on the next line.
    let lines = message.split("\\\n").map(str::trim_start);
    let message = lines.collect::<String>();
    let mut level = match name {
        "event" => String::new(),
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
