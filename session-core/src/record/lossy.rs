//! Finding values that serde_json writes, but that do not read back.
//!
//! JSON has no NaN and no infinity, and serde_json writes `null` instead. It also writes any depth of nesting, but reads at
//! most 127 levels.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Checks that a value with this JSON text reads back as it is.
pub(super) fn check<T: Serialize + ?Sized>(value: &T, json: &str) -> Result<(), Lossy> {
    let is_deep = json.len() > 2 * MAX_DEPTH && depth(json) > MAX_DEPTH;
    // A null is the only trace that a number left. Mostly there is none.
    if is_deep || json.contains("null") {
        value.serialize(Check { depth: 0 })?;
    }
    Ok(())
}

/// Returns how deep arrays and objects are nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Why a value does not read back.
#[derive(Debug)]
pub(super) struct Lossy(&'static str);

impl fmt::Display for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Lossy {}

impl serde::ser::Error for Lossy {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("cannot be serialized twice")
    }
}

/// A serializer that writes nothing. It fails for a number that JSON does not have, and for values that are nested too
/// deep. JSON text that is passed on as a `RawValue` counts as one value: whoever reads it as such reads any depth.
#[derive(Clone, Copy)]
struct Check {
    depth: usize,
}

impl Check {
    fn deeper(self) -> Result<Self, Lossy> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(Lossy("is nested more than 127 levels deep"));
        }
        Ok(Self { depth })
    }
}

fn finite(is_finite: bool) -> Result<(), Lossy> {
    if is_finite {
        Ok(())
    } else {
        Err(Lossy(
            "contains a number that JSON does not have: NaN or an infinity",
        ))
    }
}

macro_rules! accept {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, _: $type) -> Result<(), Lossy> {
            Ok(())
        }
    )*};
}

impl Serializer for Check {
    type Ok = ();
    type Error = Lossy;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    accept! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, number: f32) -> Result<(), Lossy> {
        finite(number.is_finite())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Lossy> {
        finite(number.is_finite())
    }

    fn serialize_none(self) -> Result<(), Lossy> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Lossy> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Lossy> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &str, _: u32, _: &str) -> Result<(), Lossy> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &str,
        value: &T,
    ) -> Result<(), Lossy> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &str,
        _: u32,
        _: &str,
        value: &T,
    ) -> Result<(), Lossy> {
        value.serialize(self.deeper()?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Lossy> {
        self.deeper()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Lossy> {
        self.deeper()
    }

    fn serialize_tuple_struct(self, _: &str, _: usize) -> Result<Self, Lossy> {
        self.deeper()
    }

    fn serialize_tuple_variant(self, _: &str, _: u32, _: &str, _: usize) -> Result<Self, Lossy> {
        self.deeper()?.deeper()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Lossy> {
        self.deeper()
    }

    fn serialize_struct(self, name: &str, _: usize) -> Result<Self, Lossy> {
        if name == RAW_VALUE {
            return Ok(self);
        }
        self.deeper()
    }

    fn serialize_struct_variant(self, _: &str, _: u32, _: &str, _: usize) -> Result<Self, Lossy> {
        self.deeper()?.deeper()
    }
}

macro_rules! elements {
    ($($part:ident::$method:ident,)*) => {$(
        impl $part for Check {
            type Ok = ();
            type Error = Lossy;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Lossy> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Lossy> {
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! fields {
    ($($part:ident,)*) => {$(
        impl $part for Check {
            type Ok = ();
            type Error = Lossy;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Lossy> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Lossy> {
                Ok(())
            }
        }
    )*};
}

fields! {
    SerializeStruct,
    SerializeStructVariant,
}

impl SerializeMap for Check {
    type Ok = ();
    type Error = Lossy;

    /// A key that is a number is written as a string, and an invalid one is an error of serde_json's.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Lossy> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Lossy> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Lossy> {
        Ok(())
    }
}

/// serde_json reads no deeper.
const MAX_DEPTH: usize = 127;
/// The name under which `RawValue` serializes itself.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;

    fn check_value<T: Serialize>(value: &T) -> Result<(), String> {
        let json = serde_json::to_string(value).unwrap();
        check(value, &json).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_that_json_does_not_have_are_found_wherever_they_are() {
        #[derive(serde::Serialize)]
        enum Shape {
            Newtype(f64),
            Tuple(u8, f32),
            Struct { x: Option<f64> },
        }
        let problem = "contains a number that JSON does not have: NaN or an infinity";
        for found in [
            check_value(&f64::NAN),
            check_value(&f32::INFINITY),
            check_value(&Some(f64::NEG_INFINITY)),
            check_value(&vec![1.0, f64::NAN]),
            check_value(&(1, f64::NAN)),
            check_value(&BTreeMap::from([("a", f64::NAN)])),
            check_value(&Shape::Newtype(f64::NAN)),
            check_value(&Shape::Tuple(1, f32::NAN)),
            check_value(&Shape::Struct { x: Some(f64::NAN) }),
        ] {
            assert_eq!(found.unwrap_err(), problem);
        }
    }

    #[test]
    fn other_values_pass() {
        let raw = RawValue::from_string("[null,1]".to_owned()).unwrap();
        for checked in [
            check_value(&None::<f64>),
            check_value(&()),
            check_value(&"null"),
            check_value(&vec![Some(1.5), None]),
            check_value(&f64::MAX),
            check_value(&raw),
            check_value(&serde_json::json!({"a": null, "b": [1.0, null]})),
        ] {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn every_depth_that_passes_reads_back() {
        #[derive(serde::Serialize)]
        struct Nested(Vec<Nested>);
        for depth in [126, 127, 128, 200] {
            let nested = (1..depth).fold(Nested(vec![]), |inner, _| Nested(vec![inner]));
            let json = serde_json::to_string(&nested).unwrap();
            assert_eq!(json, "[".repeat(depth) + &"]".repeat(depth));
            let reads_back = serde_json::from_str::<serde_json::Value>(&json).is_ok();
            assert_eq!(check_value(&nested).is_ok(), reads_back, "{depth}");
            // It reads back as JSON text.
            let raw = RawValue::from_string(json).unwrap();
            assert_eq!(check_value(&raw), Ok(()));
        }
        let brackets = "[{".repeat(500);
        assert_eq!(check_value(&brackets), Ok(()));
        assert_eq!(check_value(&format!("\"\\{brackets}")), Ok(()));
    }
}
