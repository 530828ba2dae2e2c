//! What is stored between two requests: the record and its JSON form.

mod general;
pub(crate) mod id;
pub(crate) mod json;
mod lossy;
pub(crate) mod members;
mod plain;
pub(crate) mod values;
pub(crate) mod version;
mod wire;

use std::fmt::Write as _;

use self::json::{escape, undecodable};
use self::wire::Wire;
use crate::{Error, ErrorKind, SessionId, Timestamp, Values};

/// A session as it is stored between two requests.
///
/// A driver stores a record as a whole and need not look inside. [`Record::to_json`] and [`Record::from_json`] are the
/// wire format that Rust services and RudderJS applications share.
///
/// ```text
/// {"id":"…","data":{…},"flash_next":{…},"exp":1700007200000}
/// ```
///
/// `exp` is the expiry. `iat` is the creation, present if an absolute lifetime is set. Both are milliseconds since the Unix
/// epoch. `flash_from` appears only if overlapping requests left flash that one of them did not see (see
/// [`merge`](crate::merge)), and `moved` only if [`regenerate`](crate::Session::regenerate) gave the session another id.
/// Other fields are ignored.
///
/// # Examples
///
/// ```
/// use session_core::{Record, Timestamp};
///
/// let record = Record::from_json(r#"{"id":"a1","data":{"user":42},"flash_next":{}}"#)?;
/// assert_eq!(record.data().get::<u64>("user")?, Some(42));
/// assert_eq!(record.expires_at(), None);
///
/// let record = record.expiring_at(Timestamp::from_millis(1_700_000_000_000));
/// assert_eq!(
///     record.to_json(),
///     r#"{"id":"a1","data":{"user":42},"flash_next":{},"exp":1700000000000}"#,
/// );
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(crate) id: SessionId,
    pub(crate) data: Values,
    pub(crate) flash_next: Values,
    /// For flash that a merge carried along: the tag of the version in which it was first seen.
    pub(crate) flash_from: Values,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) is_moved: bool,
}

impl Record {
    /// Creates an empty record without an expiry.
    #[must_use]
    pub const fn new(id: SessionId) -> Self {
        Self {
            id,
            data: Values::new(),
            flash_next: Values::new(),
            flash_from: Values::new(),
            expires_at: None,
            created_at: None,
            is_moved: false,
        }
    }

    /// Creates the record that [`regenerate`](crate::Session::regenerate) leaves under the old id.
    pub(crate) fn moved(id: SessionId, expires_at: Timestamp) -> Self {
        let mut record = Self::new(id).expiring_at(expires_at);
        record.is_moved = true;
        record
    }

    /// Reads a record from JSON.
    ///
    /// Missing or `null` `data` and `flash_next` count as empty, and a missing `exp` means no expiry. A `String` is taken
    /// over without a copy. A `&str` is copied once.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`] if `json` is not a record: not a JSON object, without an `id` that is a non-empty
    /// string, with `data` or `flash_next` that is not an object, or with `exp` or `iat` that is not a number. A driver
    /// then answers "no session" and leaves the value alone.
    pub fn from_json(json: impl Into<String>) -> Result<Self, Error> {
        let json = json.into();
        let wire = Wire::read(&json).map_err(|error| undecodable(&error))?;
        let id = wire
            .id
            .and_then(|id| SessionId::from_stored(&id))
            .ok_or_else(|| Error::new(ErrorKind::Decode).with_source("there is no id"))?;
        Ok(Self {
            id,
            flash_next: wire.flash_next.copied(&json),
            flash_from: wire.flash_from,
            expires_at: wire.exp,
            created_at: wire.iat,
            is_moved: wire.is_moved,
            data: wire.data.over(json),
        })
    }

    /// Sets the expiry, for stores that keep it beside the record.
    #[must_use]
    pub const fn expiring_at(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Returns the record as JSON, including the expiry.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.write_json(self.expires_at)
    }

    /// Returns the record as JSON without the expiry, for stores that keep it beside the record.
    #[must_use]
    pub fn to_json_without_expiry(&self) -> String {
        self.write_json(None)
    }

    /// Returns the id.
    #[must_use]
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// Returns the session's data.
    #[must_use]
    pub const fn data(&self) -> &Values {
        &self.data
    }

    /// Returns the flash for the next request.
    #[must_use]
    pub const fn flash_next(&self) -> &Values {
        &self.flash_next
    }

    /// Returns when the record ends, or `None` if it does not say.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns when the session began, which is recorded if an absolute lifetime is set.
    #[must_use]
    pub const fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// Returns `true` if the session goes on under another id: [`regenerate`](crate::Session::regenerate) left this
    /// record, which holds nothing else, under the old one. It ends after the
    /// [grace period](crate::Builder::grace).
    #[must_use]
    pub const fn is_moved(&self) -> bool {
        self.is_moved
    }

    fn write_json(&self, expires_at: Option<Timestamp>) -> String {
        let id = escape(self.id.as_str());
        let mut json = String::with_capacity(
            self.data.json_len() + self.flash_next.json_len() + id.len() + ROOM_FOR_FIELDS,
        );
        json.push_str("{\"id\":\"");
        json.push_str(&id);
        json.push_str("\",\"data\":");
        self.data.write_json(&mut json);
        json.push_str(",\"flash_next\":");
        self.flash_next.write_json(&mut json);
        for (name, time) in [("exp", expires_at), ("iat", self.created_at)] {
            if let Some(time) = time {
                // Writing to a String cannot fail.
                let _ = write!(json, ",\"{name}\":{}", time.as_millis());
            }
        }
        if !self.flash_from.is_empty() {
            json.push_str(",\"flash_from\":");
            self.flash_from.write_json(&mut json);
        }
        if self.is_moved {
            json.push_str(",\"moved\":true");
        }
        json.push('}');
        json
    }
}

/// Returns the length of [`Record::to_json`] from the lengths of its parts, all in bytes.
pub(crate) fn json_len(
    id: &str,
    data: usize,
    flash: usize,
    times: impl IntoIterator<Item = Timestamp>,
) -> usize {
    let times: usize = times
        .into_iter()
        .map(|time| 7 + digits(time.as_millis()))
        .sum();
    "{\"id\":\"\",\"data\":,\"flash_next\":}".len() + escape(id).len() + data + flash + times
}

fn digits(n: u64) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Room for names, punctuation and two times.
const ROOM_FOR_FIELDS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Record> {
        Record::from_json(json).ok()
    }

    #[test]
    fn json_is_what_rudderjs_writes() {
        let json = r#"{"id":"1-1","data":{"a":1},"flash_next":{"n":"hi"},"exp":1700000000000,"iat":1600000000000}"#;
        let record = read(json).unwrap();
        assert_eq!(record.to_json(), json);
        assert_eq!(
            record.to_json_without_expiry(),
            json.replace(r#","exp":1700000000000"#, "")
        );
        let times = [record.expires_at, record.created_at].into_iter().flatten();
        assert_eq!(
            json.len(),
            json_len(
                "1-1",
                record.data.json_len(),
                record.flash_next.json_len(),
                times
            )
        );
    }

    #[test]
    fn missing_and_null_parts_are_empty() {
        for json in [
            r#"{"id":"a"}"#,
            r#"{"data":null,"id":"a","flash_next":null,"extra":[1,{"x":2}]}"#,
        ] {
            assert_eq!(
                read(json).unwrap(),
                Record::new(SessionId::from_stored("a").unwrap())
            );
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        for json in [
            "",
            "null",
            "[]",
            "\"a\"",
            "{}",
            r#"{"id":""}"#,
            r#"{"id":1}"#,
            r#"{"id":null}"#,
            r#"{"id":{}}"#,
            r#"{"id":"a","data":[]}"#,
            r#"{"id":"a","data":7}"#,
            r#"{"id":"a","data":false}"#,
            r#"{"id":"a","flash_next":"x"}"#,
            r#"{"id":"a","exp":"1"}"#,
            r#"{"id":"a","exp":true}"#,
            r#"{"id":"a","exp":null}"#,
            r#"{"id":"a","exp":[1]}"#,
            r#"{"id":"a","iat":{}}"#,
            r#"{"id":"a"}x"#,
            "\u{feff}{\"id\":\"a\"}",
            r#"{"id":"a\ud800"}"#,
            r#"{"id":"a","exp":1e400}"#,
        ] {
            assert_eq!(
                Record::from_json(json).unwrap_err().kind(),
                ErrorKind::Decode,
                "{json}"
            );
        }
    }

    #[test]
    fn times_are_read_as_javascript_writes_numbers() {
        let exp = |text: &str| {
            read(&format!(r#"{{"id":"a","exp":{text}}}"#))
                .unwrap()
                .expires_at
                .unwrap()
                .as_millis()
        };
        assert_eq!(exp("1700000000000"), 1_700_000_000_000);
        assert_eq!(exp("1700000000000.9"), 1_700_000_000_000);
        assert_eq!(exp("1.7e12"), 1_700_000_000_000);
        assert_eq!(exp("-1"), 0);
        assert_eq!(exp("-1.5"), 0);
        assert_eq!(exp("1e300"), u64::MAX);
    }

    #[test]
    fn an_unusual_id_survives() {
        let id = SessionId::from_stored("a\"b\\c\u{1}").unwrap();
        let record = Record::new(id);
        assert_eq!(read(&record.to_json()).unwrap(), record);
    }

    #[test]
    fn a_foreign_flash_from_is_ignored() {
        assert!(
            read(r#"{"id":"a","flash_from":7}"#)
                .unwrap()
                .flash_from
                .is_empty()
        );
    }
}
