//! Merging: requests that load and commit in any order, compared with the model's record. Keys are
//! arbitrary.

use arbitrary::{Result, Unstructured};
use session_core::merge::Changes;
use session_core::{Loaded, RawValue, Record, Values, Version};
use test_support::model::record::{self as model, Op};

use crate::oracle::json::escape;
use crate::oracle::record::members;
use crate::targets::common::{key, value};
use crate::targets::record::shows;

pub(crate) fn run(bytes: &[u8]) {
    let _ = overlap(&mut Unstructured::new(bytes));
}

fn overlap(input: &mut Unstructured<'_>) -> Result<()> {
    let mut store = Store::new(input.choose(&STARTS)?);
    let mut open = Vec::new();
    while !input.is_empty() {
        match input.int_in_range(0..=9)? {
            0 | 1 if open.len() < 8 => open.push(store.open()),
            2 | 3 if !open.is_empty() => {
                let request: Request = open.swap_remove(input.choose_index(open.len())?);
                store.commit(&request);
            }
            _ if open.is_empty() => open.push(store.open()),
            _ => {
                let n = input.choose_index(open.len())?;
                open[n].act(input)?;
            }
        }
    }
    open.iter().for_each(|request| store.commit(request));
    Ok(())
}

/// A record with a new version after every save. The model uses escaped keys, which can also name
/// those that are not valid Unicode.
struct Store {
    loaded: Loaded,
    model: model::Record,
    saves: u64,
}

impl Store {
    fn new(text: &str) -> Self {
        let record = Record::from_json(text).expect("a record");
        let texts = |values: &Values| members(&values.to_json()).expect("an object");
        let model = model::Record::new(texts(record.data()), texts(record.flash_next()));
        let loaded = Loaded::new(record, Version::number(0));
        Self {
            loaded,
            model,
            saves: 0,
        }
    }

    fn open(&self) -> Request {
        Request {
            changes: Changes::since(&self.loaded),
            look: self.loaded.record.data().clone(),
            next: Values::new(),
            seen: self.model.clone(),
            at: self.saves,
            ops: Vec::new(),
        }
    }

    fn commit(&mut self, request: &Request) {
        let merged = request
            .changes
            .onto(&self.loaded)
            .expect("there are no updates");
        self.model
            .commit(&request.seen, &request.ops)
            .expect("there are no updates");
        shows(merged.data(), &self.model.data);
        shows(merged.flash_next(), &self.model.flash_texts());
        if request.at == self.saves {
            // Merging with an unchanged record changes nothing.
            assert_eq!(merged.data(), &request.look);
            assert_eq!(merged.flash_next(), &request.next);
            assert!(!merged.to_json().contains(",\"flash_from\":{\""));
        }
        self.saves += 1;
        let version = match self.saves % 3 {
            0 => Version::number(self.saves),
            1 => Version::bytes(self.saves.to_be_bytes().to_vec()),
            _ => Version::bytes(
                merged.to_json() + &" ".repeat(usize::try_from(self.saves).expect("few")),
            ),
        };
        let record = Record::from_json(merged.to_json()).expect("a written record can be read");
        assert_eq!(record, merged);
        self.loaded = Loaded::new(record, version);
    }
}

struct Request {
    changes: Changes,
    look: Values,
    next: Values,
    seen: model::Record,
    at: u64,
    ops: Vec<Op>,
}

impl Request {
    fn act(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.int_in_range(0..=6)? {
            0..=2 => {
                let (key, value) = (key(input)?, value(input)?);
                self.changes.put(&key, &value);
                self.look.insert(&key, &value).expect("it fits");
                self.ops.push(Op::Put(escape(&key), value.get().to_owned()));
            }
            3 | 4 => {
                let key = key(input)?;
                // Removing nothing is no write.
                if let Some(seen) = self.look.get_raw(&key).map(raw) {
                    self.changes.forget(&key, Some(&seen));
                    self.look.remove(&key);
                    self.ops.push(Op::Forget(escape(&key)));
                }
            }
            5 => {
                if !self.look.is_empty() {
                    self.changes.flush(&self.look);
                    self.look = Values::new();
                    self.ops.push(Op::Flush);
                }
            }
            _ => {
                let (name, value) = (key(input)?, value(input)?);
                self.changes.flash(&name, &value);
                self.next.insert(&name, &value).expect("it fits");
                self.ops
                    .push(Op::Flash(escape(&name), value.get().to_owned()));
            }
        }
        Ok(())
    }
}

const STARTS: [&str; 3] = [
    r#"{"id":"a","data":{"a":1,"b":2},"flash_next":{"a":0}}"#,
    r#"{"id":"a","data":{"k\ud800":1,"\u0061":2},"flash_next":{"k\ud800":0,"\"":1}}"#,
    r#"{"id":"a"}"#,
];

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("it is JSON")
}
