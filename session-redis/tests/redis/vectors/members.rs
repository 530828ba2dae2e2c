//! The members of a JSON object as they are written.

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use session_core::RawValue;

/// The members, each as `"key":value`, sorted. A JSON parser would write them in its own way.
pub(crate) fn members(object: &str) -> Vec<String> {
    let mut reader = serde_json::Deserializer::from_str(object);
    let mut members = reader.deserialize_map(Members).unwrap();
    members.sort();
    members
}

/// The text of a member's value.
#[track_caller]
pub(crate) fn member(object: &str, name: &str) -> String {
    let start = format!("{name:?}:");
    let found = members(object)
        .into_iter()
        .find_map(|member| member.strip_prefix(&start).map(str::to_owned));
    found.unwrap_or_else(|| panic!("there is no {name:?} in {object}"))
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
