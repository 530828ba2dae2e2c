//! Reading a record's JSON: in one pass if it is plain, otherwise by serde_json.

use std::borrow::Cow;
use std::time::Duration;

use super::general::{self, NotNull};
use super::members::{Members, Spans};
use super::plain::Plain;
use crate::{Timestamp, Values};

/// The fields of a record. The reader is written by hand, because a derived one would reject a record for an unknown field
/// whose name is not valid Unicode. If a field appears twice, the last one counts, as in JavaScript.
#[derive(Default)]
pub(crate) struct Wire<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) data: Object,
    pub(crate) flash_next: Object,
    pub(crate) flash_from: Values,
    pub(crate) exp: Option<Timestamp>,
    pub(crate) iat: Option<Timestamp>,
    pub(crate) sat: Option<Timestamp>,
    pub(crate) oat: Option<Timestamp>,
    pub(crate) remember: Option<Duration>,
    pub(crate) is_moved: bool,
    pub(crate) sealed: Option<&'a str>,
}

impl<'a> Wire<'a> {
    pub(crate) fn read(json: &'a str) -> serde_json::Result<Self> {
        Self::read_plain(json).map_or_else(|| general::read(json), Ok)
    }

    fn read_plain(json: &'a str) -> Option<Self> {
        let (mut wire, mut plain) = (Self::default(), Plain::new(json));
        plain.object(|plain, name| {
            match &json[name] {
                "id" => wire.id = Some(json[plain.unescaped()?].into()),
                "data" => wire.data = Object::Spans(plain.spans()?),
                "flash_next" => wire.flash_next = Object::Spans(plain.spans()?),
                "flash_from" => wire.flash_from = flash_from(&json[plain.value()?]),
                "exp" => wire.exp = Some(millis(&json[plain.value()?])?),
                "iat" => wire.iat = Some(millis(&json[plain.value()?])?),
                "sat" => wire.sat = millis(&json[plain.value()?]),
                "oat" => wire.oat = millis(&json[plain.value()?]),
                "remember" => wire.remember = lifetime(&json[plain.value()?]),
                "moved" => wire.is_moved = &json[plain.value()?] == "true",
                "sealed" => wire.sealed = Some(&json[plain.value()?]),
                _ => plain.value().map(|_| ())?,
            }
            Some(())
        })?;
        plain.end()?;
        Some(wire)
    }
}

/// An object whose values stay text.
pub(crate) enum Object {
    /// The text is [plain](super::plain): the members stay where they are.
    Spans(Spans),
    /// The text is not plain: the members are copied into the usual form.
    Copied(Members),
}

impl Object {
    /// Reads one JSON object.
    pub(crate) fn read(json: &str) -> serde_json::Result<Self> {
        Self::read_plain(json).map_or_else(|| general::read(json).map(|NotNull(object)| object), Ok)
    }

    fn read_plain(json: &str) -> Option<Self> {
        let mut plain = Plain::new(json);
        let spans = plain.spans()?;
        plain.end()?;
        Some(Self::Spans(spans))
    }

    /// Copies the values. `json` is the text that the object was read from.
    pub(crate) fn copied(self, json: &str) -> Values {
        Values::from(match self {
            Self::Spans(spans) => spans.copied(json),
            Self::Copied(members) => members,
        })
    }

    /// Takes over `json` instead of copying the values out of it.
    pub(crate) fn over(self, json: String) -> Values {
        Values::from(match self {
            Self::Spans(spans) => spans.within(json),
            Self::Copied(members) => members,
        })
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::Copied(Members::new())
    }
}

/// The field is ours and optional. Anything else that other software puts there is ignored.
pub(super) fn flash_from(json: &str) -> Values {
    Values::from_json(json).unwrap_or_default()
}

/// Reads a session's own idle lifetime. A session that lives no time at all would be none.
pub(super) fn lifetime(json: &str) -> Option<Duration> {
    let idle = millis(json)?.since(Timestamp::default());
    (!idle.is_zero()).then_some(idle)
}

/// Reads a time. One before 1970 counts as 1970.
pub(super) fn millis(number: &str) -> Option<Timestamp> {
    if let Ok(millis) = number.parse() {
        return Some(Timestamp::from_millis(millis));
    }
    let millis: f64 = number.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    let millis = millis.is_finite().then_some(millis as u64);
    millis.map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Record;

    proptest! {
        /// White space in front makes a text take the general way.
        #[test]
        fn both_readers_agree(
            data in members(),
            flash in members(),
            more in "x[a-z]{0,2}",
            order in 0..3_usize,
        ) {
            let mut fields = [
                format!(r#""data":{{{}}}"#, data.join(",")),
                format!(r#""flash_next":{{{}}}"#, flash.join(",")),
                r#""id":"a1","exp":1700000000000"#.to_owned(),
                format!(r#""{more}":[{{{}}}]"#, data.join(",")),
            ];
            fields.rotate_left(order);
            let plain = format!("{{{}}}", fields.join(","));
            let general = format!(" {plain}");
            let read = |json: &str| Record::from_json(json).unwrap();
            prop_assert!(Wire::read_plain(&plain).is_some() && Wire::read_plain(&general).is_none());
            prop_assert_eq!(read(&plain), read(&general));
            prop_assert_eq!(read(&plain).to_json(), read(&general).to_json());

            let (plain, general) = (format!("{{{}}}", data.join(",")), format!("{{ {}}}", data.join(",")));
            let read = |json: &str| Values::from_json(json).unwrap().to_json();
            prop_assert_eq!(read(&plain), read(&general));
        }
    }

    /// In any order, with repeated names.
    fn members() -> impl Strategy<Value = Vec<String>> {
        let value = prop::sample::select(&[
            "1",
            "-1.50e+3",
            "true",
            "null",
            "\"x\"",
            r#""\"\ud800é""#,
            "[]",
            r#"[1,{"a":[2]}]"#,
            r#"{"b":{},"a":1}"#,
            "\"a long text, longer than what is looked at byte by byte\"",
        ]);
        prop::collection::vec(("[a-cé]{0,2}", value), 0..8).prop_map(|members| {
            members
                .iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect()
        })
    }
}
