//! Printing: text for people, JSON for scripts.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use session_core::{SessionId, Values};

use crate::failure::Failure;

/// The answer to the command's question. Scripts rely on the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1: invalid, not found, or a check failed.
    No,
}

/// Whether anyone still reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Present,
    /// The pipe is closed, as after `session-tool watch | head -3`. This is not a failure.
    Gone,
}

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::Present),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::new(format!(
            "cannot write to standard output ({error})"
        ))),
    }
}

/// Prints a message to standard error, after the program's name.
pub(crate) fn complain(message: impl std::fmt::Display) {
    // A failure to report a failure has nowhere to go.
    let _ = writeln!(io::stderr().lock(), "session-tool: {message}");
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<Reader, Failure> {
    let json = serde_json::to_string(value)
        .map_err(|error| Failure::new(format!("cannot encode the output as JSON ({error})")))?;
    print(&(one_line(&json) + "\n"))
}

/// Puts JSON on one line that is safe to print to a terminal. Whitespace between values does not matter, and any other
/// control character is inside a string, where its escape means the same.
fn one_line(json: &str) -> String {
    printable(&json.replace(['\n', '\r', '\t'], " "))
}

/// A table with two columns: names and values.
#[derive(Default)]
pub(crate) struct Table(Vec<(String, String)>);

impl Table {
    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Adds a row for each key, with `name` before the first.
    pub(crate) fn values(&mut self, name: &str, values: &Values) {
        if values.is_empty() {
            return self.row(name, "none");
        }
        let mut keys = Self::default();
        for (key, raw) in values.iter() {
            keys.row(&printable(&key), printable(raw));
        }
        let hidden = values.len() - keys.0.len();
        if hidden > 0 {
            keys.row(
                "…",
                format!("{hidden} more with keys that are not valid Unicode"),
            );
        }
        for (n, line) in keys.text().lines().enumerate() {
            self.row(if n == 0 { name } else { "" }, line);
        }
    }

    pub(crate) fn text(&self) -> String {
        let width = |text: &str| text.chars().count();
        let widest = self.0.iter().map(|(name, _)| width(name)).max();
        let mut text = String::new();
        for (name, value) in &self.0 {
            let padding = widest.unwrap_or_default() - width(name);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}{:padding$}  {value}", "");
        }
        text
    }
}

/// Lays out rows in columns.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |text: &String| text.chars().count();
    let widest: [usize; N] = std::array::from_fn(|n| {
        rows.iter()
            .map(|row| width(&row[n]))
            .max()
            .unwrap_or_default()
    });
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widest);
        let line: Vec<_> = cells
            .map(|(cell, widest)| format!("{cell}{:1$}", "", widest - width(cell)))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Formats an id for display: its first characters, or all of them if `full`.
pub(crate) fn id(id: &SessionId, full: bool) -> String {
    if full {
        id.as_str().to_owned()
    } else {
        format!("{}…", id.prefix())
    }
}

/// Makes text safe to print to a terminal: control characters and those that change the text direction become JSON
/// escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        let is_directional = matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if char.is_control() || is_directional {
            let _ = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Formats a count: "1 key", "2 keys".
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_one_line_is_safe_to_print_and_means_the_same() {
        let json = "{\"a\":\"\u{9b}31m\u{202e}\",\n\t\"b\": 1}";
        let line = one_line(json);
        assert_eq!(line, r#"{"a":"\u009b31m\u202e",  "b": 1}"#);
        let read = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&line), read(json));
    }

    #[test]
    fn columns_are_aligned_by_characters_not_bytes() {
        let mut table = Table::default();
        table.row("é", "1");
        table.row("key", "2");
        let values = Values::from_json(r#"{"a":1,"name":"Ada","\ud800":0}"#).unwrap();
        table.values("data", &values);
        table.values("flash", &Values::new());
        assert_eq!(
            table.text(),
            "é      1\n\
             key    2\n\
             data   a     1\n\
             \x20      name  \"Ada\"\n\
             \x20      …     1 more with keys that are not valid Unicode\n\
             flash  none\n"
        );
    }

    #[test]
    fn printed_text_cannot_control_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31m\u{9b}b\n\u{202e}é👩\u{200d}👩"),
            "a\\u001b[31m\\u009bb\\u000a\\u202eé👩\u{200d}👩"
        );
    }

    #[test]
    fn ids_are_shortened_by_default() {
        let whole = SessionId::from_stored("11111111-1111-4111-8111-111111111111").unwrap();
        assert_eq!(id(&whole, false), "11111111…");
        assert_eq!(id(&whole, true), whole.as_str());
        assert_eq!(id(&SessionId::from_stored("short").unwrap(), false), "…");
    }
}
