//! Reading a record's JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;

use crate::json::canonical;
use crate::members::{Members, Spans};
use crate::plain::Plain;
use crate::{Timestamp, Values};

/// The fields of a record. Read by hand, because a derived reader would refuse a record for an unknown field
/// whose name is no valid Unicode. Of fields that are written twice the last one counts, as in JavaScript.
#[derive(Default)]
pub(crate) struct Wire<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) data: Object,
    pub(crate) flash_next: Object,
    pub(crate) flash_from: Values,
    pub(crate) exp: Option<Timestamp>,
    pub(crate) iat: Option<Timestamp>,
}

impl<'a> Wire<'a> {
    pub(crate) fn read(json: &'a str) -> serde_json::Result<Self> {
        Self::read_plain(json).map_or_else(|| read(json), Ok)
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
    /// It is written as this library and JavaScript write: its members are where they are.
    Spans(Spans),
    /// The text is not [plain](crate::plain): the members are copied into the usual form.
    Copied(Members),
}

impl Object {
    /// Reads a text that is one object.
    pub(crate) fn read(json: &str) -> serde_json::Result<Self> {
        Self::read_plain(json).map_or_else(|| read(json).map(|Whole(object)| object), Ok)
    }

    fn read_plain(json: &str) -> Option<Self> {
        let mut plain = Plain::new(json);
        let spans = plain.spans()?;
        plain.end()?;
        Some(Self::Spans(spans))
    }

    /// Makes values of it. `json` is the text that it was read from.
    pub(crate) fn copied(self, json: &str) -> Values {
        Values::from(match self {
            Self::Spans(spans) => spans.copied(json),
            Self::Copied(members) => members,
        })
    }

    /// As [`copied`](Self::copied), and keeps the text instead of copying out of it.
    pub(crate) fn incopied(self, json: String) -> Values {
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

/// What is read from any JSON, by serde_json.
trait Read<'de>: Sized {
    fn visit<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    /// What `null` counts as.
    fn null() -> Option<Self>;
}

fn read<'de, T: Read<'de>>(json: &'de str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = Reader(PhantomData).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(read)
}

/// The next key, in the one way in which it is written between its quotes. Read as text, because a key need not be valid
/// Unicode.
fn next_key<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(map.next_key::<&RawValue>()?.map(|quoted| {
        let quoted = quoted.get();
        canonical(&quoted[1..quoted.len() - 1])
    }))
}

impl<'de> Read<'de> for Wire<'de> {
    fn visit<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut wire = Self::default();
        while let Some(key) = next_key(&mut map)? {
            match &*key {
                "id" => wire.id = Some(map.next_value::<Id<'de>>()?.0),
                "data" => wire.data = map.next_value_seed(Reader(PhantomData))?,
                "flash_next" => wire.flash_next = map.next_value_seed(Reader(PhantomData))?,
                "flash_from" => {
                    wire.flash_from = flash_from(map.next_value::<&RawValue>()?.get());
                }
                "exp" => wire.exp = Some(map.next_value::<Millis>()?.0),
                "iat" => wire.iat = Some(map.next_value::<Millis>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(wire)
    }

    fn null() -> Option<Self> {
        None
    }
}

/// Ours, and optional: what other software puts there is ignored.
fn flash_from(json: &str) -> Values {
    Values::from_json(json).unwrap_or_default()
}

impl<'de> Read<'de> for Object {
    fn visit<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut members = Members::new();
        while let Some(key) = next_key(&mut map)? {
            let value: &RawValue = map.next_value()?;
            members
                .read(&key, value.get())
                .ok_or_else(|| A::Error::custom("longer than 1 GiB"))?;
        }
        members.sort();
        Ok(Self::Copied(members))
    }

    fn null() -> Option<Self> {
        Some(Self::default())
    }
}

/// An object that is not `null`.
struct Whole(Object);

impl<'de> Read<'de> for Whole {
    fn visit<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Object::visit(map).map(Self)
    }

    fn null() -> Option<Self> {
        None
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Read<'de>> DeserializeSeed<'de> for Reader<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Read<'de>> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::visit(map)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<T, E> {
        T::null().ok_or_else(|| E::invalid_type(Unexpected::Unit, &self))
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Id<'a>(#[serde(borrow)] Cow<'a, str>);

/// Milliseconds since the Unix epoch, as JavaScript writes numbers: it knows none but floats. Read as text, so that it
/// does not matter how another crate has serde_json read numbers.
struct Millis(Timestamp);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = <&RawValue>::deserialize(deserializer)?.get();
        millis(number)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a time"))
    }
}

/// A time before 1970 is as good as the beginning of time.
fn millis(number: &str) -> Option<Timestamp> {
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
        /// White space in front sends a text the general way.
        #[test]
        fn both_ways_of_reading_have_one_result(
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

    /// In any order, with names that come twice.
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
