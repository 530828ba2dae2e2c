//! Reading a record's JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::canonical;
use crate::values::Object;
use crate::{Timestamp, Values};

/// The fields of a record. Read by hand, because a derived reader would refuse a record for an unknown field
/// whose name is no valid Unicode. Of fields that are written twice the last one counts, as in JavaScript.
#[derive(Default)]
pub(crate) struct Wire<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) data: Values,
    pub(crate) flash_next: Values,
    pub(crate) flash_from: Values,
    pub(crate) exp: Option<Timestamp>,
    pub(crate) iat: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for Wire<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WireVisitor;

        impl<'de> Visitor<'de> for WireVisitor {
            type Value = Wire<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire<'de>, A::Error> {
                let mut wire = Wire::default();
                while let Some(key) = map.next_key::<&RawValue>()? {
                    let quoted = key.get();
                    match &*canonical(&quoted[1..quoted.len() - 1]) {
                        "id" => wire.id = Some(map.next_value::<Text<'de>>()?.0),
                        "data" => wire.data = object(map.next_value()?),
                        "flash_next" => wire.flash_next = object(map.next_value()?),
                        "flash_from" => {
                            // Ours, and optional: what other software puts there is ignored.
                            let raw: &RawValue = map.next_value()?;
                            wire.flash_from = Values::from_json(raw.get()).unwrap_or_default();
                        }
                        "exp" => wire.exp = Some(map.next_value::<Millis>()?.0),
                        "iat" => wire.iat = Some(map.next_value::<Millis>()?.0),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(wire)
            }
        }

        deserializer.deserialize_map(WireVisitor)
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn object(object: Option<Object>) -> Values {
    object.map_or_else(Values::new, |object| object.0)
}

struct Millis(Timestamp);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MillisVisitor).map(Self)
    }
}

struct MillisVisitor;

impl Visitor<'_> for MillisVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds since the Unix epoch")
    }

    fn visit_u64<E>(self, millis: u64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_millis(millis))
    }

    /// Before 1970: as good as the beginning of time.
    fn visit_i64<E>(self, _: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::default())
    }

    /// JavaScript knows no other numbers. The cast saturates.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    fn visit_f64<E: serde::de::Error>(self, millis: f64) -> Result<Timestamp, E> {
        if millis.is_nan() {
            Err(E::custom("not a time"))
        } else {
            Ok(Timestamp::from_millis(millis as u64))
        }
    }
}
