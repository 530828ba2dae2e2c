//! What is printed: lines for people, JSON for scripts.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use session_core::{SessionId, Values};

use crate::failure::Failure;

/// How the program ends when it has an answer. Exhaustive: scripts rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1: not valid, not there, something failed its check.
    No,
}

/// Whether anybody is left to read what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    /// As after `session-tool watch | head -3`: no failure.
    Gone,
}

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::new(format!("cannot write the answer ({error})"))),
    }
}

/// Prints one line to standard error, behind the program's name.
pub(crate) fn complain(message: impl std::fmt::Display) {
    // There is nowhere left to say that this did not work.
    let _ = writeln!(io::stderr().lock(), "session-tool: {message}");
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<Reader, Failure> {
    let json = serde_json::to_string(value)
        .map_err(|error| Failure::new(format!("cannot write the answer as JSON ({error})")))?;
    print(&(one_line(&json) + "\n"))
}

/// JSON in one line, without what a terminal would obey. White space between values may be any; a control character
/// elsewhere stands in a text, where its escape means the same.
fn one_line(json: &str) -> String {
    printable(&json.replace(['\n', '\r', '\t'], " "))
}

/// Names and values in two columns.
#[derive(Default)]
pub(crate) struct Table(Vec<(String, String)>);

impl Table {
    /// Adds a line.
    pub(crate) fn row(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Adds a line for each key, the name before the first.
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
            keys.row("…", format!("{hidden} whose keys are not valid Unicode"));
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

/// An id as it may be shown: its beginning, or all of it where that was asked for.
pub(crate) fn id(id: &SessionId, full: bool) -> String {
    if full {
        id.as_str().to_owned()
    } else {
        format!("{}…", id.prefix())
    }
}

/// A text without what a terminal would obey: control characters, and those that turn the direction of writing. They
/// are shown as JSON escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        let turns = matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if char.is_control() || turns {
            let _ = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

/// "1 key", "2 keys".
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_line_that_no_terminal_obeys_and_means_the_same() {
        let json = "{\"a\":\"\u{9b}31m\u{202e}\",\n\t\"b\": 1}";
        let line = one_line(json);
        assert_eq!(line, r#"{"a":"\u009b31m\u202e",  "b": 1}"#);
        let read = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&line), read(json));
    }

    #[test]
    fn columns_are_aligned_also_where_a_character_takes_several_bytes() {
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
             \x20      …     1 whose keys are not valid Unicode\n\
             flash  none\n"
        );
    }

    #[test]
    fn nothing_printed_commands_a_terminal() {
        assert_eq!(
            printable("a\u{1b}[31m\u{9b}b\n\u{202e}é👩\u{200d}👩"),
            "a\\u001b[31m\\u009bb\\u000a\\u202eé👩\u{200d}👩"
        );
    }

    #[test]
    fn an_id_is_shortened_unless_asked() {
        let whole = SessionId::from_stored("11111111-1111-4111-8111-111111111111").unwrap();
        assert_eq!(id(&whole, false), "11111111…");
        assert_eq!(id(&whole, true), whole.as_str());
        assert_eq!(id(&SessionId::from_stored("short").unwrap(), false), "…");
    }
}
