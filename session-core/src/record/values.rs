//! A map of keys to raw JSON, for session data and flash.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;

use super::json::{decode, encode, escape, undecodable, unescape};
use super::members::{MAX_BYTES, Members};
use super::wire::Object;
use crate::{Error, KeyOf};

/// Keys with their values as raw JSON text, in the order of the keys.
///
/// A value is decoded only when it is read, so a number or a string that other software wrote is passed on unchanged:
/// `1.0` stays `1.0`, and a JavaScript string that is not valid Unicode (a lone surrogate, `"\ud800"`) does not make the
/// rest unreadable. A *key* of that kind cannot be named in Rust. It is passed on too, but [`keys`](Self::keys) and
/// [`iter`](Self::iter) do not show it.
///
/// With `n` keys, a lookup takes `O(log n)` comparisons. Adding and removing also move up to `n` small entries. A clone
/// shares its text with the original until either is changed.
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
// Shared, so that a copy of a session's data costs nothing until one side changes it.
#[derive(Clone, Default)]
pub struct Values(Option<Arc<Members>>);

impl Values {
    /// Creates an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Reads a JSON object. If a key appears twice, the last value counts, as in JavaScript.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`](crate::ErrorKind::Decode) if `json` is not one JSON object, or longer than 1 GiB.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        match Object::read(json) {
            Ok(object) => Ok(object.copied(json)),
            Err(error) => Err(undecodable(&error)),
        }
    }

    /// Sets `key` to `value`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Encode`](crate::ErrorKind::Encode) if `value` cannot be written as JSON, and
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if the whole map would be longer than 1 GiB of JSON. Nothing is
    /// changed then.
    pub fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        self.insert_checked(key, &encode(key, value)?)
    }

    /// Removes `key`. Returns `true` if it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        // Looked up first, so that shared text is not copied for nothing.
        self.contains(key) && self.escaped_mut().remove(&escape(key))
    }

    /// Returns the decoded value of `key`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
    ) -> Result<Option<T>, Error> {
        let key = key.name();
        self.get_raw(key).map(|raw| decode(key, raw)).transpose()
    }

    /// Returns the JSON text of `key`'s value.
    #[must_use]
    pub fn get_raw(&self, key: &str) -> Option<&str> {
        self.escaped().get(&escape(key))
    }

    /// Returns `true` if `key` has a value, even `null`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get_raw(key).is_some()
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.escaped().len()
    }

    /// Returns `true` if there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.iter().map(|(key, _)| key)
    }

    /// Returns the keys with the JSON text of their values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.escaped()
            .iter()
            .filter_map(|(key, raw)| Some((unescape(key)?, raw)))
    }

    /// Returns the map as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_len());
        self.write_json(&mut json);
        json
    }

    /// Returns the length of [`to_json`](Self::to_json), in bytes.
    pub(crate) fn json_len(&self) -> usize {
        self.escaped().json_len()
    }

    /// Returns the length that [`to_json`](Self::to_json) would have with `key` set to a value of `raw_len` bytes.
    pub(crate) fn json_len_with(&self, key: &str, raw_len: usize) -> usize {
        self.escaped().json_len_with(&escape(key), raw_len)
    }

    pub(crate) fn write_json(&self, out: &mut String) {
        self.escaped().write_json(out);
    }

    pub(crate) fn insert_checked(&mut self, key: &str, raw: &str) -> Result<(), Error> {
        let (size, limit) = (self.json_len_with(key, raw.len()), MAX_BYTES);
        if size > limit {
            return Err(Error::too_large(size, limit).with_key(key));
        }
        self.insert_raw(key, raw);
        Ok(())
    }

    /// Sets `key` to a value that is already JSON text.
    pub(crate) fn insert_raw(&mut self, key: &str, raw: &str) {
        self.escaped_mut().insert(&escape(key), raw);
    }

    /// Adds every member of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        for (key, raw) in other.escaped().iter() {
            self.escaped_mut().insert(key, raw);
        }
    }

    /// Returns the members by their escaped keys, which name even those that cannot be named in Rust.
    pub(crate) fn escaped(&self) -> &Members {
        static EMPTY: Members = Members::new();
        self.0.as_deref().unwrap_or(&EMPTY)
    }

    pub(crate) fn escaped_mut(&mut self) -> &mut Members {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl From<Members> for Values {
    fn from(members: Members) -> Self {
        Self((members.len() > 0).then(|| Arc::new(members)))
    }
}

/// Shows only the keys: a value may be a secret.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

/// Equal keys with equal JSON texts: `1.0` differs from `1`.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.escaped() == other.escaped()
    }
}

impl Eq for Values {}

/// Writes one JSON object. It is meant for `serde_json`, because the values are JSON text.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_json())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn values_are_passed_on_unchanged() {
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
    fn names_with_a_meaning_in_javascript_are_ordinary_keys() {
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
    fn the_last_value_of_a_repeated_key_counts() {
        let values = Values::from_json(r#"{"c":1,"a":2,"b":3,"a":4,"c":5,"a":6}"#).unwrap();
        assert_eq!(values.to_json(), r#"{"a":6,"b":3,"c":5}"#);
        assert_eq!(values.json_len(), values.to_json().len());
    }

    #[test]
    fn anything_but_an_object_is_an_error() {
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
    fn debug_shows_no_value() {
        let values = Values::from_json(r#"{"token":"hunter2"}"#).unwrap();
        assert_eq!(format!("{values:?}"), r#"{"token"}"#);
    }

    proptest! {
        /// Against the standard library's map, with keys that need escaping among them.
        #[test]
        fn behaves_like_a_map(ops in prop::collection::vec(
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
