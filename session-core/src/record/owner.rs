//! Whose session it is: the value of one data key.

use std::fmt;

use serde_json::value::RawValue;

use super::Record;
use crate::config::options::Options;
use crate::{Error, Timestamp};

/// The owner of a record, and since when.
#[derive(Clone, Default)]
pub(crate) struct Ownership {
    pub(crate) owner: Option<Box<str>>,
    pub(crate) since: Option<Timestamp>,
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership")
            .field("has_owner", &self.owner.is_some())
            .field("since", &self.since)
            .finish()
    }
}

impl Ownership {
    pub(crate) fn of(record: &Record, options: &Options) -> Self {
        Self {
            owner: options.owner_in(&record.data),
            since: record.owned_at,
        }
    }
}

impl Record {
    /// Notes whose record this is when it is saved, and when that was. `before` is the ownership of the record that it
    /// replaces.
    pub(crate) fn stamp(&mut self, before: &Ownership, now: Timestamp, options: &Options) {
        if options.owner_key.is_none() {
            return;
        }
        self.owner = options.owner_in(&self.data);
        if !options.has_stamps {
            return;
        }
        self.saved_at = Some(now);
        self.owned_at = match &self.owner {
            None => None,
            owner if *owner == before.owner => before.since.or(Some(now)),
            Some(_) => Some(now),
        };
    }
}

/// Reads an owner from JSON: a string, or a number, which counts as its text. `null` is no owner. Neither is anything else
/// that other software puts there.
pub(crate) fn read(json: &str) -> Option<Box<str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.into()),
        _ => None,
    }
}

/// Fails unless `json` is an owner or `null`.
pub(crate) fn check(key: &str, json: &str) -> Result<(), Error> {
    if json == RawValue::NULL.get() || read(json).is_some() {
        return Ok(());
    }
    Err(Error::invalid("must be a string or a number: it is the session's owner").with_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn an_owner_is_a_string_or_a_number() {
        for (json, owner) in [
            (r#""ada""#, "ada"),
            (r#""a\u00e9\"\n""#, "aé\"\n"),
            (r#""""#, ""),
            ("42", "42"),
            ("-7", "-7"),
            ("1e3", "1e3"),
        ] {
            assert_eq!(read(json).as_deref(), Some(owner), "{json}");
            assert!(check("user", json).is_ok(), "{json}");
        }
        assert!(read("null").is_none() && check("user", "null").is_ok());
        for json in ["true", "{}", "[1]", r#"{"id":1}"#, r#""\ud800""#] {
            assert!(read(json).is_none(), "{json}");
            let error = check("user", json).unwrap_err();
            assert_eq!(
                (error.kind(), error.key()),
                (ErrorKind::Invalid, Some("user"))
            );
        }
    }
}
