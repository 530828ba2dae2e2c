//! What is stored between two requests: the record and its JSON form.

mod general;
pub(crate) mod id;
pub(crate) mod json;
mod lossy;
pub(crate) mod members;
pub(crate) mod owner;
mod plain;
mod sealed;
pub(crate) mod tail;
pub(crate) mod text;
pub(crate) mod values;
pub(crate) mod version;
mod wire;

use std::fmt;
use std::time::Duration;

use self::json::undecodable;
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
/// `exp` is the expiry, in milliseconds since the Unix epoch. The other fields are optional, and fields that are not in
/// this table are ignored:
///
/// | Field | Holds | Present |
/// |---|---|---|
/// | `iat` | the creation, in milliseconds since the Unix epoch | with an absolute lifetime or an [owner key](crate::Builder::owner_key) |
/// | `sat` | the last save, likewise | with an owner key, in a server-side store |
/// | `oat` | the time at which the session got its owner, likewise | with an owner key, in a server-side store |
/// | `remember` | the session's own idle lifetime, in milliseconds | after [`remember_for`](crate::Session::remember_for) |
/// | `flash_from` | where flash comes from | if overlapping requests left flash that one of them did not see (see [`merge`](crate::merge)) |
/// | `moved` | `true` | after [`regenerate`](crate::Session::regenerate), under the old id |
/// | `sealed` | what the record holds, encrypted | if the driver [seals](Self::sealed) records: the data and flash are empty then |
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
#[derive(Clone)]
pub struct Record {
    pub(crate) id: SessionId,
    pub(crate) data: Values,
    pub(crate) flash_next: Values,
    /// For flash that a merge carried along: the tag of the version in which it was first seen.
    pub(crate) flash_from: Values,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) saved_at: Option<Timestamp>,
    pub(crate) owned_at: Option<Timestamp>,
    pub(crate) remembered_for: Option<Duration>,
    pub(crate) is_moved: bool,
    /// For the driver's index. It is in the data too, so it is no part of the JSON.
    pub(crate) owner: Option<Box<str>>,
    /// The encrypted content, as JSON text.
    pub(crate) sealed: Option<Box<str>>,
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
            saved_at: None,
            owned_at: None,
            remembered_for: None,
            is_moved: false,
            owner: None,
            sealed: None,
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
    /// then answers "no session" and leaves the value alone. Of the other optional fields, one that does not hold what it
    /// should is ignored.
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
            saved_at: wire.sat,
            owned_at: wire.oat,
            remembered_for: wire.remember,
            owner: None,
            is_moved: wire.is_moved,
            sealed: wire.sealed.map(Box::from),
            data: wire.data.over(json),
        })
    }

    /// Sets the expiry, for stores that keep it beside the record.
    #[must_use]
    pub const fn expiring_at(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Sets the owner, for tests of a driver's index. The [`SessionManager`](crate::SessionManager) sets it otherwise.
    #[must_use]
    pub fn with_owner(mut self, owner: Option<&str>) -> Self {
        self.owner = owner.map(Into::into);
        self
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

    /// Returns when the session began, which is recorded if an absolute lifetime or an
    /// [owner key](crate::Builder::owner_key) is set.
    #[must_use]
    pub const fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// Returns when the record was last saved, which is recorded if an [owner key](crate::Builder::owner_key) is set. A
    /// renewal without a write does not count.
    #[must_use]
    pub const fn saved_at(&self) -> Option<Timestamp> {
        self.saved_at
    }

    /// Returns when the session got its owner, which is when the user logged in. It is recorded if an
    /// [owner key](crate::Builder::owner_key) is set.
    #[must_use]
    pub const fn owned_at(&self) -> Option<Timestamp> {
        self.owned_at
    }

    /// Returns the owner, for a driver's index of owners. It is known when the manager saves or touches the record, if an
    /// [owner key](crate::Builder::owner_key) is set. [`from_json`](Self::from_json) does not set it.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Returns the session's own idle lifetime, if [`remember_for`](crate::Session::remember_for) set one.
    #[must_use]
    pub const fn remembered_for(&self) -> Option<Duration> {
        self.remembered_for
    }

    /// Returns `true` if the session goes on under another id: [`regenerate`](crate::Session::regenerate) left this
    /// record, which holds nothing else, under the old one. It ends after the
    /// [grace period](crate::Builder::grace).
    #[must_use]
    pub const fn is_moved(&self) -> bool {
        self.is_moved
    }
}

/// Shows no value, and not the owner, who may be named by an e-mail address.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("data", &self.data)
            .field("flash_next", &self.flash_next)
            .field("expires_at", &self.expires_at)
            .field("created_at", &self.created_at)
            .field("is_moved", &self.is_moved)
            .field("has_owner", &self.owner.is_some())
            .finish_non_exhaustive()
    }
}

/// The owner is in the data, and not all drivers return it.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        let fields = |record: &Self| {
            (
                record.expires_at,
                record.created_at,
                record.saved_at,
                record.owned_at,
                record.remembered_for,
                record.is_moved,
            )
        };
        self.id == other.id
            && self.data == other.data
            && self.flash_next == other.flash_next
            && self.flash_from == other.flash_from
            && self.sealed == other.sealed
            && fields(self) == fields(other)
    }
}

impl Eq for Record {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Record> {
        Record::from_json(json).ok()
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
    fn debug_does_not_name_the_owner() {
        let record = Record::new(SessionId::from_stored("a").unwrap());
        let text = format!("{:?}", record.with_owner(Some("ada@example.com")));
        assert!(
            !text.contains("ada") && text.contains("has_owner: true"),
            "{text}"
        );
    }

    #[test]
    fn an_unusual_id_survives() {
        let id = SessionId::from_stored("a\"b\\c\u{1}").unwrap();
        let record = Record::new(id);
        assert_eq!(read(&record.to_json()).unwrap(), record);
    }

    #[test]
    fn foreign_values_in_our_own_fields_are_ignored() {
        for json in [
            r#"{"id":"a","sat":"x","oat":{},"remember":"long"}"#,
            r#"{"id":"a","sat":null,"oat":[],"remember":null}"#,
            r#"{"id":"a","remember":0}"#,
            r#" {"id":"a","remember":-1,"sat":true}"#,
        ] {
            assert_eq!(
                read(json).unwrap(),
                Record::new(SessionId::from_stored("a").unwrap()),
                "{json}"
            );
        }
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
