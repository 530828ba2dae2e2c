//! A map of keys to raw JSON: session data, and flash.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Error, ErrorKind};

/// Keys with their values as raw JSON text, in the order of their keys.
///
/// A value is decoded when it is asked for and never before, so a number or a string that other
/// software wrote comes out as it went in when this side only passes it on: `1.0` stays `1.0`, and
/// a JavaScript string that is no valid Unicode (a lone surrogate, `"\ud800"`) does not make the
/// rest unreadable. A *key* of that kind cannot be named in Rust; it is carried along, and neither
/// [`keys`](Self::keys) nor [`iter`](Self::iter) shows it.
///
/// Looking up, adding and removing take `O(log n)` comparisons for `n` keys.
///
/// # Examples
///
/// ```
/// use session_core::Values;
///
/// let values = Values::from_json(r#"{"user":42,"name":"Ada"}"#)?;
/// assert_eq!(values.get::<u64>("user")?, Some(42));
/// assert_eq!(values.keys().collect::<Vec<_>>(), ["name", "user"]);
/// # Ok::<(), session_core::Error>(())
/// ```
// Every member stands in `text` as `"key":value`, ready to be written out; `members` says where, sorted
// by key. What is replaced or removed stays behind in `text` until it outweighs what is alive.
#[derive(Clone, Default)]
pub struct Values {
    text: String,
    members: Vec<Member>,
    live: usize,
}

/// Where a member stands: `"key":value` from `start`, `len` bytes, of which `key` are the escaped key.
#[derive(Clone, Copy)]
struct Member {
    start: u32,
    key: u32,
    len: u32,
}

impl Values {
    /// Creates an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            members: Vec::new(),
            live: 0,
        }
    }

    /// Reads a JSON object. Of keys that are written twice the last one counts, as in JavaScript.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when `json` is not one JSON object, or longer than 1 GiB.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str::<Object>(json)
            .map(|object| object.0)
            .map_err(|source| Error::new(ErrorKind::Decode).with_source(source))
    }

    /// Sets `key` to `value`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`] when `value` cannot be written as JSON; nothing is changed then.
    pub fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        self.insert_raw(key, &encode(key, value)?);
        Ok(())
    }

    /// Removes `key` and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        self.find(key).map(|at| self.remove_at(at)).is_ok()
    }

    /// Returns the value of `key`, decoded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        self.get_raw(key).map(|raw| decode(key, raw)).transpose()
    }

    /// Returns the JSON text of `key`'s value.
    #[must_use]
    pub fn get_raw(&self, key: &str) -> Option<&str> {
        self.find(key).ok().map(|at| self.raw_at(at))
    }

    /// Says whether `key` has a value, be it `null`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Says whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.iter().map(|(key, _)| key)
    }

    /// Returns the keys with the JSON text of their values, in the keys' order.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.members
            .iter()
            .filter_map(|member| Some((unescape(self.key(*member))?, self.raw(*member))))
    }

    /// Returns the whole map as the text of one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_len());
        self.write_json(&mut json);
        json
    }

    /// The length of [`to_json`](Self::to_json), in bytes.
    pub(crate) fn json_len(&self) -> usize {
        2 + self.live + self.members.len().saturating_sub(1)
    }

    /// The length that [`to_json`](Self::to_json) would have with `key` set to a value of `raw_len` bytes.
    pub(crate) fn json_len_with(&self, key: &str, raw_len: usize) -> usize {
        let added = escape(key).len() + raw_len + PUNCTUATION;
        match self.find(key) {
            Ok(at) => self.json_len() - self.members[at].len as usize + added,
            Err(_) => self.json_len() + added + usize::from(!self.is_empty()),
        }
    }

    pub(crate) fn write_json(&self, out: &mut String) {
        out.push('{');
        for (n, member) in self.members.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            out.push_str(self.slice(member.start, member.len));
        }
        out.push('}');
    }

    /// Sets `key` to a value that is already JSON text.
    pub(crate) fn insert_raw(&mut self, key: &str, raw: &str) {
        self.insert_escaped(&escape(key), raw);
    }

    /// Takes over every member of `other`, also those whose key cannot be named in Rust.
    pub(crate) fn extend(&mut self, other: &Self) {
        for member in &other.members {
            self.insert_escaped(other.key(*member), other.raw(*member));
        }
    }

    /// Keeps the members of which `keep` is true, given the escaped key and the value's text.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let Self {
            text,
            members,
            live,
        } = self;
        members.retain(|member| {
            let (key, raw) = member.split(text);
            let kept = keep(key, raw);
            if !kept {
                *live -= member.len as usize;
            }
            kept
        });
        self.compact();
    }

    pub(crate) fn get_escaped(&self, escaped: &str) -> Option<&str> {
        self.find_escaped(escaped).ok().map(|at| self.raw_at(at))
    }

    /// Says whether the member with this escaped key has exactly this value.
    pub(crate) fn holds(&self, escaped: &str, raw: &str) -> bool {
        self.get_escaped(escaped) == Some(raw)
    }

    /// The keys as they are escaped in JSON, which names even those that are no valid Unicode.
    pub(crate) fn escaped_keys(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| self.key(*member))
    }

    pub(crate) fn insert_escaped(&mut self, key: &str, raw: &str) {
        let member = Member {
            start: offset(self.text.len()),
            key: offset(key.len()),
            len: offset(key.len() + raw.len() + PUNCTUATION),
        };
        self.text.reserve(member.len as usize);
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
        self.text.push_str(raw);
        self.live += member.len as usize;
        match self.find_escaped(key) {
            Ok(at) => {
                self.live -= self.members[at].len as usize;
                self.members[at] = member;
                self.compact();
            }
            Err(at) => self.members.insert(at, member),
        }
    }

    fn remove_at(&mut self, at: usize) {
        self.live -= self.members.remove(at).len as usize;
        self.compact();
    }

    /// Writes the text anew once less than half of it is alive.
    fn compact(&mut self) {
        if self.text.len() <= 2 * self.live + SLACK {
            return;
        }
        let mut text = String::with_capacity(self.live);
        for member in &mut self.members {
            let start = offset(text.len());
            text.push_str(&self.text[member.start as usize..][..member.len as usize]);
            member.start = start;
        }
        self.text = text;
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.find_escaped(&escape(key))
    }

    fn find_escaped(&self, escaped: &str) -> Result<usize, usize> {
        // Records are mostly written in order already, so look at the end first.
        match self.members.last() {
            Some(last) if self.key(*last) < escaped => Err(self.members.len()),
            _ => self
                .members
                .binary_search_by(|member| self.key(*member).cmp(escaped)),
        }
    }

    fn raw_at(&self, at: usize) -> &str {
        self.raw(self.members[at])
    }

    fn key(&self, member: Member) -> &str {
        member.split(&self.text).0
    }

    fn raw(&self, member: Member) -> &str {
        member.split(&self.text).1
    }

    fn slice(&self, start: u32, len: u32) -> &str {
        &self.text[start as usize..][..len as usize]
    }
}

impl Member {
    fn split(self, text: &str) -> (&str, &str) {
        let key = self.start as usize + 1;
        let key_end = key + self.key as usize;
        (
            &text[key..key_end],
            &text[key_end + 2..(self.start + self.len) as usize],
        )
    }
}

/// Shows the keys only: values may be anything, secrets too.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

/// Equal keys with equal JSON texts: `1.0` differs from `1`.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && std::iter::zip(&self.members, &other.members)
                .all(|(a, b)| self.slice(a.start, a.len) == other.slice(b.start, b.len))
    }
}

impl Eq for Values {}

/// Writes one JSON object. Meant for `serde_json`: the values are JSON text.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_json())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// What [`Values`] looks like to serde: only from text that is wholly in memory.
pub(crate) struct Object(pub(crate) Values);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut values = Values::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    if values.text.is_empty() {
                        values.text.reserve(TYPICAL_BYTES);
                        values.members.reserve(TYPICAL_KEYS);
                    }
                    if values.text.len() + key.get().len() + value.get().len() > MAX_BYTES {
                        return Err(serde::de::Error::custom("longer than 1 GiB"));
                    }
                    let quoted = key.get();
                    values.insert_escaped(&canonical(&quoted[1..quoted.len() - 1]), value.get());
                }
                Ok(Object(values))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

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
    serde_json::from_str(raw).map_err(|source| {
        Error::new(ErrorKind::Decode)
            .with_key(key)
            .with_source(source)
    })
}

/// The one way in which a key is written between its quotes, so that equal keys are equal texts.
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    if key
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        let quoted = serde_json::Value::from(key).to_string();
        Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
    } else {
        Cow::Borrowed(key)
    }
}

/// Brings an escaped key into the form of [`escape`]. One that is no valid Unicode stays as it is.
fn canonical(escaped: &str) -> Cow<'_, str> {
    match unescape(escaped) {
        Some(Cow::Owned(key)) => Cow::Owned(escape(&key).into_owned()),
        Some(Cow::Borrowed(_)) | None => Cow::Borrowed(escaped),
    }
}

fn unescape(escaped: &str) -> Option<Cow<'_, str>> {
    if escaped.contains('\\') {
        serde_json::from_str(&format!("\"{escaped}\""))
            .ok()
            .map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(escaped))
    }
}

/// Nothing longer than [`MAX_BYTES`] is let in, and `compact` keeps the text under four times that.
#[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_BYTES")]
fn offset(bytes: usize) -> u32 {
    bytes as u32
}

/// Two quotes and a colon.
const PUNCTUATION: usize = 3;
/// Dead text that is not worth writing anew.
const SLACK: usize = 1024;
/// What the first allocation makes room for: most sessions fit.
const TYPICAL_BYTES: usize = 256;
const TYPICAL_KEYS: usize = 8;
/// The most that one map may hold.
pub(crate) const MAX_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_only_passed_on_comes_out_as_it_went_in() {
        let json = r#"{"a":1.0,"b":1E5,"c":-0,"d":1e400,"e":"\u00e9\/\ud800","k\ud800":[ 1, 2 ]}"#;
        let mut values = Values::from_json(json).unwrap();
        assert_eq!(values.to_json(), json);
        values.insert("f", &true).unwrap();
        assert_eq!(
            values.to_json(),
            json.replace(r#""k\ud"#, r#""f":true,"k\ud"#)
        );
        assert!(values.get::<String>("e").is_err());
        assert_eq!(
            values.keys().collect::<Vec<_>>(),
            ["a", "b", "c", "d", "e", "f"]
        );
        assert_eq!(values.len(), 7);
    }

    #[test]
    fn names_that_mean_something_to_javascript_are_ordinary_keys() {
        let values = Values::from_json(r#"{"__proto__":{"admin":true},"constructor":1}"#).unwrap();
        assert!(values.contains("__proto__"));
        assert_eq!(values.get::<u8>("constructor").unwrap(), Some(1));
        assert!(!values.contains("toString"));
        assert!(!values.contains("hasOwnProperty"));
    }

    #[test]
    fn keys_are_equal_however_they_are_escaped() {
        let values = Values::from_json(r#"{"\u0041":1,"a\/b":2,"q\"\\\n":3,"A":4}"#).unwrap();
        assert_eq!(values.get::<u8>("A").unwrap(), Some(4));
        assert_eq!(values.get::<u8>("a/b").unwrap(), Some(2));
        assert_eq!(values.get::<u8>("q\"\\\n").unwrap(), Some(3));
        assert_eq!(values.len(), 3);
        assert!(!values.contains("\\u0041"));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for json in [
            "",
            "null",
            "[]",
            "7",
            "\"x\"",
            "{\"a\":1}x",
            "{\"a\":01}",
            "{\"a\":1,}",
            "{a:1}",
        ] {
            assert_eq!(
                Values::from_json(json).unwrap_err().kind(),
                ErrorKind::Decode,
                "{json}"
            );
        }
    }

    #[test]
    fn an_encoding_failure_changes_nothing() {
        let mut values = Values::from_json(r#"{"a":1}"#).unwrap();
        let unwritable = BTreeMap::from([((1, 2), 3)]);
        let error = values.insert("a", &unwritable).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"the value of "a" cannot be written as JSON"#
        );
        assert_eq!(values.to_json(), r#"{"a":1}"#);
    }

    #[test]
    fn a_long_life_does_not_grow_the_text() {
        let mut values = Values::new();
        for n in 0..100_000 {
            values.insert("counter", &n).unwrap();
        }
        assert_eq!(values.to_json(), r#"{"counter":99999}"#);
        assert!(values.text.len() < 2 * SLACK);
    }

    #[test]
    fn debug_shows_no_value() {
        let values = Values::from_json(r#"{"token":"hunter2"}"#).unwrap();
        assert_eq!(format!("{values:?}"), r#"{"token"}"#);
    }

    proptest! {
        /// Against the standard library's map, with keys that need escaping among them.
        #[test]
        fn behaves_as_a_map(ops in prop::collection::vec(
            (prop_oneof![4 => "[a-d]", 1 => "\\PC{0,3}", 1 => "[\"\\\\\n]{1,2}"], prop::option::of(".{0,40}")), 0..60,
        )) {
            let mut values = Values::new();
            let mut model = BTreeMap::new();
            for (key, value) in ops {
                match value {
                    Some(value) => {
                        let (raw, was) = (encode(&key, &value).unwrap(), values.json_len_with(&key, encode(&key, &value).unwrap().len()));
                        values.insert_raw(&key, &raw);
                        prop_assert_eq!(values.json_len(), was);
                        model.insert(key, value);
                    }
                    None => prop_assert_eq!(values.remove(&key), model.remove(&key).is_some()),
                }
            }
            prop_assert_eq!(values.to_json().len(), values.json_len());
            prop_assert_eq!(&serde_json::from_str::<BTreeMap<String, String>>(&values.to_json()).unwrap(), &model);
            prop_assert_eq!(&Values::from_json(&values.to_json()).unwrap(), &values);
            for (key, value) in &model {
                let found = values.get::<String>(key).unwrap();
                prop_assert_eq!(found.as_ref(), Some(value));
            }
        }
    }
}
