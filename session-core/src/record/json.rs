//! Values and keys as JSON text.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{Error, ErrorKind};

/// Writes a value as JSON text.
pub(crate) fn encode<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|source| {
        Error::new(ErrorKind::Encode)
            .with_key(key)
            .with_source(source)
    })
}

/// Reads a value from its JSON text.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, raw: &str) -> Result<T, Error> {
    serde_json::from_str(raw).map_err(|error| undecodable(&error).with_key(key))
}

/// An error that says what is wrong with a JSON text and where. serde_json's own would repeat the value, which may
/// be a secret, and errors end up in logs.
pub(crate) fn undecodable(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        Category::Data => "another type",
        Category::Syntax | Category::Eof | Category::Io => "no valid JSON",
    };
    let source = format!("{what} at line {} column {}", error.line(), error.column());
    Error::new(ErrorKind::Decode).with_source(source)
}

/// The one way in which a key is written between its quotes, so that equal keys are equal texts.
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    let is_escaped = |byte| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut bytes = key.bytes();
    // To the end of a long one, because that is done many bytes at a time.
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

/// From here on, setting out for many bytes at a time pays.
const LONG_KEY: usize = 16;

/// Brings an escaped key into the form of [`escape`]. One that is no valid Unicode stays as it is.
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
