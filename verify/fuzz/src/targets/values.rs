//! `Values` as a map: operations on two copies that share their text, compared with an ordered map.

use arbitrary::{Result, Unstructured};
use session_core::Values;

use crate::oracle::json::escape;
use crate::oracle::record::{Members, members};
use crate::targets::common::{key, value};
use crate::targets::record::shows;

pub(crate) fn run(bytes: &[u8]) {
    // Exhausted input ends the test.
    let _ = operate(&mut Unstructured::new(bytes));
}

fn operate(input: &mut Unstructured<'_>) -> Result<()> {
    let mut copies = [Copy::default(), Copy::default()];
    while !input.is_empty() {
        let n = usize::from(input.arbitrary::<bool>()?);
        match input.int_in_range(0..=9)? {
            0..=3 => copies[n].insert(input)?,
            4..=6 => copies[n].remove(&key(input)?),
            7 => copies[n] = copies[1 - n].clone(),
            8 => copies[n] = copies[n].written_and_read(),
            _ => copies[n] = Copy::read(start(input)?),
        }
        for copy in &copies {
            shows(&copy.values, &copy.model);
        }
        let is_equal = copies[0].model == copies[1].model;
        assert_eq!(copies[0].values == copies[1].values, is_equal);
    }
    Ok(())
}

/// Texts, some of which are not objects or have keys that are not valid Unicode.
fn start<'a>(input: &mut Unstructured<'a>) -> Result<&'a str> {
    match input.int_in_range(0..=3)? {
        0 => Ok(r#"{"k\ud800":1,"a":{"b":[]},"\u0061":2}"#),
        1 => Ok(r#"{"d":1,"c":2,"b":3,"a":4,"c":5}"#),
        _ => {
            let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
            Ok(std::str::from_utf8(input.bytes(len)?).unwrap_or("{}"))
        }
    }
}

#[derive(Clone, Default)]
struct Copy {
    values: Values,
    model: Members,
}

impl Copy {
    fn read(text: &str) -> Self {
        let (values, model) = (Values::from_json(text), members(text));
        assert_eq!(values.is_ok(), model.is_some(), "{text}");
        Self {
            values: values.unwrap_or_default(),
            model: model.unwrap_or_default(),
        }
    }

    fn written_and_read(&self) -> Self {
        let text = serde_json::to_string(&self.values).expect("values are JSON");
        assert_eq!(text, self.values.to_json());
        let read = Self::read(&text);
        assert_eq!(read.values, self.values);
        read
    }

    fn insert(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (key, value) = (key(input)?, value(input)?);
        self.values.insert(&key, &value).expect("it fits");
        self.model.insert(escape(&key), value.get().to_owned());
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        let was_there = self.model.remove(&escape(key)).is_some();
        assert_eq!(self.values.contains(key), was_there);
        assert_eq!(self.values.remove(key), was_there);
        assert_eq!(self.values.get_raw(key), None);
    }
}
