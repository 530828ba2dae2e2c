//! `CookieDriver`: which handles are records, and that a record survives a round trip. The bytes
//! are a handle, and the text of a record.

use std::time::Duration;

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{Capacity, Driver, Expected, Record, Saved};

use crate::oracle::record as oracle;
use crate::oracle::token::{decode, encode};

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        load(text);
    }
    load(&encode(bytes));
}

fn load(handle: &str) {
    let loaded = block_on(CookieDriver.load(handle)).expect("no store can fail");
    let text = decode(handle).and_then(|json| String::from_utf8(json).ok());
    let expected = text.and_then(|text| oracle::Record::read(&text));
    assert_eq!(loaded.is_some(), expected.is_some(), "{handle}");
    let (Some(loaded), Some(expected)) = (loaded, expected) else {
        return;
    };
    assert_eq!(loaded.record.to_json(), expected.write());
    comes_back(&loaded.record);
}

fn comes_back(record: &Record) {
    let save = CookieDriver.save(record, Expected::Absent, Duration::ZERO);
    let Ok(Saved::Done { handle, .. }) = block_on(save) else {
        panic!("a save cannot fail or conflict");
    };
    assert_eq!(handle, encode(record.to_json().as_bytes()));
    let Capacity::Cookie { handle_len } = CookieDriver.capacity() else {
        panic!("the record travels in the cookie");
    };
    assert_eq!(handle.len(), handle_len(record.to_json().len()));
    let again = block_on(CookieDriver.load(&handle)).expect("no store can fail");
    assert_eq!(&again.expect("a record").record, record);
}
