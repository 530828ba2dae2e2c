//! Reading and writing records. The bytes are a stored text.

use std::time::Duration;

use pollster::block_on;
use serde_json::Value;
use session_core::{
    Capacity, Driver, Error, ErrorKind, Expected, Loaded, Record, Saved, SessionId, Timestamp,
    Values, Version, async_trait,
};

use crate::oracle::json;
use crate::oracle::record as oracle;
use crate::targets::common;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match (Record::from_json(text), oracle::Record::read(text)) {
        (Ok(record), Some(expected)) => {
            reads_and_writes(&record, &expected);
            is_the_same_however_it_is_laid_out(&record, text);
            if expected.sealed.is_none() {
                agrees_with_serde(&record, text);
            }
            measures(&record, &expected);
        }
        (Err(error), None) => {
            assert_eq!(error.kind(), ErrorKind::Decode);
            let source = std::error::Error::source(&error)
                .expect("a reason")
                .to_string();
            let is_known = ["another type at", "no valid JSON at", "there is no id"];
            assert!(
                is_known.iter().any(|known| source.starts_with(known)),
                "{source}"
            );
        }
        (read, expected) => panic!("{read:?}, expected {expected:?}"),
    }
}

fn reads_and_writes(record: &Record, expected: &oracle::Record) {
    assert_eq!(record.id().as_str(), expected.id);
    assert_eq!(record.expires_at().map(Timestamp::as_millis), expected.exp);
    assert_eq!(record.created_at().map(Timestamp::as_millis), expected.iat);
    shows(record.data(), &expected.data);
    shows(record.flash_next(), &expected.flash);
    let json = record.to_json();
    assert_eq!(json, expected.write());
    let timeless = oracle::Record {
        exp: None,
        ..expected.clone()
    };
    assert_eq!(record.to_json_without_expiry(), timeless.write());
    let again = Record::from_json(json).expect("a written record can be read");
    assert_eq!(&again, record);
}

/// Checks every value, verbatim, under every key that is valid Unicode.
pub(crate) fn shows(values: &Values, expected: &oracle::Members) {
    assert_eq!(values.len(), expected.len());
    assert_eq!(values.is_empty(), expected.is_empty());
    assert_eq!(values.to_json(), oracle::write(expected));
    let named = expected
        .iter()
        .filter_map(|(key, raw)| Some((json::unescape(key)?, raw)));
    let mut shown = values.iter();
    for (key, raw) in named {
        assert_eq!(values.get_raw(&key), Some(&**raw));
        let shown = shown.next().expect("no key is missing");
        assert_eq!(shown, (key.into(), &**raw));
    }
    assert!(shown.next().is_none());
}

/// White space and escapes take the general path through the reader. Without them, it takes the
/// fast one.
fn is_the_same_however_it_is_laid_out(record: &Record, text: &str) {
    for layout in [Layout::Tight, Layout::Airy, Layout::Escaped] {
        let text = layout.lay_out(text, 2);
        assert_eq!(&Record::from_json(&*text).expect(&text), record, "{text}");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Tight,
    Airy,
    Escaped,
}

impl Layout {
    /// Rewrites an object, and the objects inside it down to `depth`. Other values stay verbatim.
    fn lay_out(self, text: &str, depth: usize) -> String {
        let space = if self == Self::Airy { " \n\t\r" } else { "" };
        let members = match json::object(text) {
            Some(members) if depth > 0 => members,
            _ => return text.to_owned(),
        };
        let mut out = format!("{space}{{{space}");
        for (n, member) in members.iter().enumerate() {
            if n > 0 {
                out.push_str(&format!("{space},{space}"));
            }
            // What is encrypted is kept as it is.
            let is_sealed = json::unescape(member.key).is_some_and(|key| key == "sealed");
            let depth = if is_sealed { 1 } else { depth };
            let raw = self.lay_out(member.raw, depth - 1);
            out.push_str(&format!(
                "\"{}\"{space}:{space}{raw}{space}",
                self.key(member.key)
            ));
        }
        out + "}" + space
    }

    fn key(self, key: &str) -> String {
        match json::unescape(key) {
            Some(key) if self == Self::Escaped => key
                .encode_utf16()
                .map(|unit| format!("\\u{unit:04X}"))
                .collect(),
            _ => key.to_owned(),
        }
    }
}

/// If serde_json can read the whole text as one tree, each value equals the one in the tree.
fn agrees_with_serde(record: &Record, text: &str) {
    let Ok(tree) = serde_json::from_str::<Value>(text) else {
        return;
    };
    assert_eq!(tree["id"], record.id().as_str());
    for (name, values) in [("data", record.data()), ("flash_next", record.flash_next())] {
        for key in values.keys() {
            let value = values.get::<Value>(&key).expect("a value");
            assert_eq!(value.as_ref(), Some(&tree[name][&*key]));
        }
        let len = tree[name].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(values.len(), len);
    }
}

/// The size in the error of a rejected write is exactly the size of the text that would have been
/// stored.
fn measures(record: &Record, expected: &oracle::Record) {
    let manager = common::manager(Full(record.clone()), |builder| {
        builder.accept_without_expiry(true)
    });
    let token = common::sign("any");
    let session = block_on(manager.open([&*token])).expect("the store answers");
    let is_live = expected.exp.is_none_or(|exp| common::NOW < exp)
        && !expected.is_moved
        && expected.sealed.is_none();
    assert_eq!(session.is_new(), !is_live);
    if session.is_new() {
        return;
    }
    let size = |result: Result<(), Error>| match result.expect_err("it is full").kind() {
        ErrorKind::TooLarge { size, limit: 0, .. } => size,
        kind => panic!("{kind:?}"),
    };
    let mut next = oracle::Record {
        flash: oracle::Members::new(),
        flash_from: oracle::Members::new(),
        exp: Some(common::NOW.saturating_add(expected.remember.unwrap_or(common::LIFETIME))),
        sat: None,
        oat: None,
        ..expected.clone()
    };
    if !expected.flash.is_empty() {
        let flashed = oracle::Record {
            flash: expected.flash.clone(),
            ..next.clone()
        };
        assert_eq!(size(session.reflash()), flashed.write().len());
    }
    next.data.insert("k\\n".to_owned(), "[1]".to_owned());
    assert_eq!(size(session.put("k\n", [1])), next.write().len());
    shows(&session.all(), &expected.data);
    shows(&session.all_flash(), &expected.flash);
}

/// A driver that finds one record under every handle, and has no room for another.
#[derive(Debug)]
struct Full(Record);

#[async_trait]
impl Driver for Full {
    async fn load(&self, _: &str) -> Result<Option<Loaded>, Error> {
        Ok(Some(Loaded::new(self.0.clone(), Version::none())))
    }

    async fn save(&self, _: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
        unreachable!("nothing fits")
    }

    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        unreachable!("nothing is destroyed")
    }

    fn can_revoke(&self) -> bool {
        true
    }

    fn capacity(&self) -> Capacity {
        Capacity::Json(0)
    }
}
