//! Values and keys as JSON text.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::lossy;
use crate::{Error, ErrorKind};

/// Writes a value as JSON text.
pub(crate) fn encode<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<String, Error> {
    let fail = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Encode)
            .with_key(key)
            .with_source(error)
    };
    let json = serde_json::to_string(value).map_err(|error| fail(error.into()))?;
    lossy::check(value, &json).map_err(|error| fail(error.into()))?;
    Ok(json)
}

/// Reads a value from its JSON text.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, raw: &str) -> Result<T, Error> {
    serde_json::from_str(raw).map_err(|error| {
        let expected = without_paths(std::any::type_name::<T>());
        undecodable(&error)
            .with_key(key)
            .with_mismatch(kind(raw), &expected)
    })
}

/// Names the kind of a JSON value.
fn kind(raw: &str) -> &'static str {
    match raw.trim_start().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Shortens the name of a type: `Vec<String>` instead of `alloc::vec::Vec<alloc::string::String>`.
fn without_paths(name: &str) -> String {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut short = String::new();
    for part in name.split_inclusive(|c| !is_path(c)) {
        let (path, end) = match part.chars().last() {
            Some(last) if !is_path(last) => part.split_at(part.len() - last.len_utf8()),
            _ => (part, ""),
        };
        short.push_str(path.rsplit("::").next().unwrap_or_default());
        short.push_str(end);
    }
    short
}

/// Creates an error that tells what is wrong with a JSON text and where. serde_json's own error would repeat the value,
/// which may be a secret, and errors end up in logs.
pub(crate) fn undecodable(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        Category::Data => "another type",
        Category::Syntax | Category::Eof | Category::Io => "no valid JSON",
    };
    let source = format!("{what} at line {} column {}", error.line(), error.column());
    Error::new(ErrorKind::Decode).with_source(source)
}

/// Escapes a key in the one canonical way, so that equal keys are equal texts.
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    let is_escaped = |byte| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut bytes = key.bytes();
    // All of a long key, because that is done many bytes at a time.
    let needs_escaping = if key.len() < LONG_KEY {
        bytes.any(is_escaped)
    } else {
        bytes.fold(false, |any, byte| any | is_escaped(byte))
    };
    if needs_escaping {
        let quoted = serde_json::Value::from(key).to_string();
        Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
    } else {
        Cow::Borrowed(key)
    }
}

/// From this length on, processing many bytes at a time is faster.
const LONG_KEY: usize = 16;

/// Brings an escaped key into the form of [`escape`]. A key that is not valid Unicode stays as it is.
pub(crate) fn canonical(escaped: &str) -> Cow<'_, str> {
    match unescape(escaped) {
        Some(Cow::Owned(key)) => Cow::Owned(escape(&key).into_owned()),
        Some(Cow::Borrowed(_)) | None => Cow::Borrowed(escaped),
    }
}

pub(crate) fn unescape(escaped: &str) -> Option<Cow<'_, str>> {
    if escaped.contains('\\') {
        serde_json::from_str(&format!("\"{escaped}\""))
            .ok()
            .map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(escaped))
    }
}

/// Returns `true` if two JSON texts are the same value to JavaScript, whose numbers are all floating-point.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a == b
        || match (serde_json::from_str(a), serde_json::from_str(b)) {
            (Ok(a), Ok(b)) => is_same_value(&a, &b),
            _ => false,
        }
}

fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| is_same_value(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_key_the_type_and_what_was_found() {
        let message = |error: Error| error.to_string();
        assert_eq!(
            message(decode::<Vec<Option<String>>>("cart", "{}").unwrap_err()),
            r#"the value of "cart" is an object and cannot be read as Vec<Option<String>>"#
        );
        for (raw, found) in [
            ("\"x\"", "a string"),
            ("[1]", "an array"),
            ("true", "a boolean"),
            ("null", "null"),
            ("-1", "a number"),
        ] {
            assert_eq!(
                message(decode::<u8>("n", raw).unwrap_err()),
                format!(r#"the value of "n" is {found} and cannot be read as u8"#)
            );
        }
    }

    #[test]
    fn values_are_compared_as_javascript_compares_them() {
        for (a, b) in [
            ("10.0", "10"),
            ("1e21", "1000000000000000000000"),
            ("9007199254740993", "9007199254740992"),
            (r#"{"a":1,"b":[2.0]}"#, r#"{"b":[2],"a":1}"#),
            (r#""\u0041\/""#, r#""A/""#),
            (" 1 ", "1"),
        ] {
            assert!(is_same(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "2"),
            ("1", "\"1\""),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            ("null", "0"),
            (r#""\ud800""#, r#""\udfff""#),
        ] {
            assert!(!is_same(a, b), "{a} {b}");
        }
    }
}
