//! The configuration file.

use std::fs;
use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value;
use session_core::SessionConfig;

use crate::failure::Failure;
use crate::input;

/// Reads the settings in a JSON or TOML file, or on standard input if `path` is `-`. `section` is the path of the table that
/// holds them.
pub(crate) fn read(path: &Path, section: Option<&str>) -> Result<SessionConfig, Failure> {
    let name = named(path);
    let bytes = if path == Path::new("-") {
        input::read_stdin("settings")?
    } else {
        fs::read(path).map_err(|error| {
            Failure::new(format!(
                "cannot read {name}; check the path and permissions ({error})"
            ))
        })?
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!(
            "{name} is not valid UTF-8; is this the right file?"
        ))
    })?;
    let value = parse(&text).map_err(|problem| Failure::new(format!("{name} {problem}")))?;
    let value = match section {
        Some(section) => table(&value, section).ok_or_else(|| {
            Failure::new(format!("{name} has no table {section:?}; check --section"))
        })?,
        None => &value,
    };
    SessionConfig::deserialize(value)
        .map_err(|error| Failure::new(format!("{name} has an invalid setting: {error}")))
}

fn named(path: &Path) -> String {
    if path == Path::new("-") {
        "the configuration on standard input".to_owned()
    } else {
        format!("the configuration file {}", path.display())
    }
}

/// Parses JSON or TOML. An error does not repeat the text, which may hold a secret.
fn parse(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("is not valid JSON: there is a mistake in line {line}, column {column}")
        });
    }
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text[..start].matches('\n').count() + 1;
        format!("is neither a JSON object nor valid TOML: there is a mistake in line {line}")
    })
}

/// Returns the table at a path with dots in it.
fn table<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |table, key| table.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_told_apart() {
        for text in [
            "{\"a\":{\"b\":1}}",
            " \n{\"a\": {\"b\": 1}}\n",
            "[a]\nb = 1",
            "a.b = 1",
        ] {
            let value = parse(text).unwrap();
            assert_eq!(value["a"]["b"], 1, "{text}");
            assert_eq!(table(&value, "a.b"), Some(&Value::from(1)));
            assert_eq!(table(&value, "a.c"), None);
        }
        assert_eq!(parse(""), Ok(Value::Object(serde_json::Map::new())));
    }

    #[test]
    fn a_syntax_error_names_the_line_and_repeats_nothing() {
        assert_eq!(
            parse("{\n\"secret\": \"hunter2\n}").unwrap_err(),
            "is not valid JSON: there is a mistake in line 3, column 0"
        );
        assert_eq!(
            parse("lifetime = 1\nsecret: hunter2").unwrap_err(),
            "is neither a JSON object nor valid TOML: there is a mistake in line 2"
        );
    }
}
