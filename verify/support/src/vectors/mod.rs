//! What `@rudderjs/session` 1.0.4 and 2.6.0 wrote, read and refused, in `vectors/seed.json`.
//!
//! The README beside the file describes its arrays. Every test that uses them prints how many
//! entries it ran and compares that with the number it expects, so that no entry is skipped
//! silently.

mod file;
pub mod json;
pub mod operation;
mod sealed;

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use session_core::RawValue;

pub use self::file::{
    Chain, CookieLoad, CookieOptions, Expect, LoadedSession, RedisLoad, Sequence, Shape, Step,
    Vectors, Write,
};
pub use self::sealed::Sealed;

/// Returns the attributes of a Set-Cookie line in lower case. Their order does not matter.
pub fn attributes(line: &str) -> BTreeSet<String> {
    let attributes = line.split(';').skip(1);
    attributes
        .map(|attribute| attribute.trim().to_ascii_lowercase())
        .collect()
}

/// Returns the members of a JSON object, each as the text `"key":value`, sorted.
pub fn members(object: &str) -> Vec<String> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                members.push(format!("{}:{}", key.get(), value.get()));
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(object);
    let mut members = reader.deserialize_map(Members).unwrap();
    members.sort();
    members
}

/// Returns the text of one member's value.
#[track_caller]
pub fn member(object: &str, name: &str) -> String {
    let start = format!("{name:?}:");
    let found = members(object)
        .into_iter()
        .find_map(|member| member.strip_prefix(&start).map(str::to_owned));
    found.unwrap_or_else(|| panic!("{object} has no member {name:?}"))
}

/// Prints a line that begins with `vectors: `, even if the test passes.
pub fn report(what: fmt::Arguments<'_>) {
    // One write, because tests run in parallel.
    let line = format!("vectors: {what}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
