//! A load returns what was saved.

use super::check::{Stop, expect};
use super::rig::{LONG, same};
use super::{Rig, Subject};
use crate::{Capacity, Driver as _, Expected, Record, SessionId};

/// Stores a record with these members and expects it unchanged: at once, after another save, and
/// through another connection.
fn comes_back<S: Subject>(rig: &Rig<'_, S>, members: &str) -> Result<(), Stop> {
    let store = rig.connect();
    let id = SessionId::random()?;
    let record = rig.record_from(&format!(r#"{{"id":"{}",{members}}}"#, id.as_str()))?;
    let stored = store.create(record)?;
    let loaded = store.expect_held(&stored.handle, &stored.record)?;
    let handle = store.saved(&loaded.record, Expected::Version(&loaded.version), LONG)?;
    rig.connect().expect_held(&handle, &stored.record)?;
    Ok(())
}

pub(super) fn data_and_flash_round_trip<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    comes_back(
        rig,
        r#""data":{"user":42,"name":"Ada","cart":[{"sku":"a-1","n":2},null,true],"empty":"","none":null,"":"no name"},"flash_next":{"notice":"Saved!","errors":{"name":["is too short"]}}"#,
    )
}

pub(super) fn empty_record_round_trips<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    comes_back(rig, r#""data":{},"flash_next":{}"#)
}

pub(super) fn unicode_round_trips<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    // Composed and decomposed, beyond the Basic Multilingual Plane, right to left, and the
    // characters that JavaScript once treated as line ends.
    comes_back(
        rig,
        "\"data\":{\"é\":\"composed\",\"e\u{301}\":\"decomposed\",\"🦀\":\"👩‍👩‍👧\",\"lines\":\"\u{2028}\u{2029}\u{85}\",\"bidi\":\"שלום\u{202e}\",\"edge\":\"\u{fffd}\u{ffff}\u{10ffff}\u{feff}\u{7f}\"},\"flash_next\":{\"日本\":\"語\"}",
    )
}

pub(super) fn escapes_are_preserved<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    // A lone surrogate is valid in a JavaScript string, but it is not Unicode.
    comes_back(
        rig,
        r#""data":{"lone":"\ud800","pair":"\ud83e\udd80","key\udfff":"\udfff\ud800","nul":"\u0000","slash":"\/ / \\ \"","ascii":"\u0041","percent":"%s %00 ${x} {{x}} 'x' \n"},"flash_next":{"low\udc00":"\udc00"}"#,
    )
}

pub(super) fn number_formats_are_preserved<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    comes_back(
        rig,
        r#""data":{"a":1.0,"b":1E5,"c":-0,"d":1e400,"e":0.1,"f":9007199254740993,"g":123456789012345678901234567890,"h":1.7976931348623157e308,"i":5e-324,"j":[1.50,-0.0,1e+2]},"flash_next":{"n":10.00}"#,
    )
}

pub(super) fn white_space_is_preserved<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    comes_back(
        rig,
        r#""data":{"list":[ 1,  2 ],"object":{ "b" : 1, "a" : 2, "b" : 3 },"text":"  two  spaces  "},"flash_next":{"x":{ }}"#,
    )
}

pub(super) fn times_and_merged_flash_round_trip<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    comes_back(
        rig,
        r#""data":{"a":1},"flash_next":{"notice":"hi"},"iat":1600000000123,"sat":1600000000456,"oat":1600000000789,"remember":2592000000,"flash_from":{"notice":"00ff00ff00ff00ff"}"#,
    )
}

pub(super) fn saved_record_is_replaced_completely<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store
        .create(rig.record(r#"{"n":0,"old":"a text that is longer than those that follow"}"#)?)?;
    let mut handle = stored.handle;
    for n in 1..6 {
        let version = store.loaded(&handle)?.version;
        let record = rig.record_of(stored.record.id(), &format!(r#"{{"n":{n}}}"#))?;
        handle = store.saved(&record, Expected::Version(&version), LONG)?;
        store.expect_held(&handle, &record)?;
    }
    Ok(())
}

pub(super) fn large_records_round_trip<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let largest = match store.driver.capacity() {
        Capacity::Unlimited => usize::MAX,
        Capacity::Json(limit) => limit,
        Capacity::Cookie { .. } => IN_A_COOKIE,
    };
    // Around the sizes of pages, packets and columns.
    for size in [
        255,
        1_024,
        IN_A_COOKIE,
        4_096,
        8_192,
        65_535,
        65_536,
        1_048_577,
    ] {
        if size > largest {
            break;
        }
        let record = of_size(rig, size)?;
        let stored = store.create(record)?;
        store.expect_held(&stored.handle, &stored.record)?;
        store.destroy(stored.record.id())?;
    }
    Ok(())
}

pub(super) fn many_records_do_not_collide<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let mut held = Vec::new();
    for n in 0..MANY {
        held.push(store.create(rig.record(&format!(r#"{{"n":{n}}}"#))?)?);
    }
    for stored in &held {
        same(&stored.record, &store.loaded(&stored.handle)?.record)?;
    }
    let mut handles: Vec<_> = held.iter().map(|stored| &stored.handle).collect();
    handles.sort();
    handles.dedup();
    expect(
        handles.len() == held.len(),
        format_args!("{MANY} different handles"),
        handles.len(),
    )
}

/// Returns a record with this many bytes of JSON.
fn of_size<S: Subject>(rig: &Rig<'_, S>, size: usize) -> Result<Record, Stop> {
    let empty = rig.record(r#"{"text":""}"#)?;
    let room = size.saturating_sub(empty.to_json().len());
    // No two parts are equal, so that a mix-up shows.
    let mut text: String = (0..)
        .map(|n: u32| format!("{n} "))
        .take(room / 2 + 1)
        .collect();
    text.truncate(room);
    rig.record_of(empty.id(), &format!(r#"{{"text":"{text}"}}"#))
}

/// JSON that fits in a cookie.
const IN_A_COOKIE: usize = 2_900;
const MANY: usize = 200;
