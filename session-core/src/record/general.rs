//! Reading any JSON by serde_json, for records that are not plain.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;

use super::json::canonical;
use super::members::Members;
use super::wire::{Object, Wire, flash_from, lifetime, millis};
use crate::Timestamp;

/// What can be read from a JSON object.
pub(super) trait Read<'de>: Sized {
    fn visit<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    /// Returns what `null` counts as.
    fn null() -> Option<Self>;
}

pub(super) fn read<'de, T: Read<'de>>(json: &'de str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = Reader(PhantomData).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(read)
}

/// Reads the next key in its canonical escaped form. It is read as text, because a key need not be valid Unicode.
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
                "sat" => wire.sat = millis(map.next_value::<&RawValue>()?.get()),
                "oat" => wire.oat = millis(map.next_value::<&RawValue>()?.get()),
                "remember" => {
                    wire.remember = lifetime(map.next_value::<&RawValue>()?.get());
                }
                "moved" => wire.is_moved = map.next_value::<&RawValue>()?.get() == "true",
                "sealed" => wire.sealed = Some(map.next_value::<&'de RawValue>()?.get()),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(wire)
    }

    fn null() -> Option<Self> {
        None
    }
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
pub(super) struct NotNull(pub(super) Object);

impl<'de> Read<'de> for NotNull {
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

/// A string, borrowed if it has no escapes.
#[derive(Deserialize)]
struct Id<'a>(#[serde(borrow)] Cow<'a, str>);

/// Milliseconds since the Unix epoch, as JavaScript writes numbers: all of them are floating-point. They are read as text,
/// so that serde_json features that another crate turns on make no difference.
struct Millis(Timestamp);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = <&RawValue>::deserialize(deserializer)?.get();
        millis(number)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a time"))
    }
}
