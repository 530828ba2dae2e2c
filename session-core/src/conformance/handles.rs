//! Handles and what they name.

use super::check::{Stop, describe, expect};
use super::rig::{LONG, Stored, same};
use super::{Rig, Subject};
use crate::{Capacity, Expected, Saved, SessionId, Touched};

pub(super) fn unknown_handle_loads_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    store.expect_gone(SessionId::random()?.as_str(), "of an unknown handle")
}

pub(super) fn strange_handle_loads_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let long = "x".repeat(64 * 1024);
    for handle in STRANGE.iter().copied().chain([long.as_str()]) {
        let loaded = store.load(handle).map_err(|error| {
            Stop::broken(
                format_args!("Ok(None) from a load of {:?}", short(handle)),
                describe(&error),
            )
        })?;
        expect(
            loaded.is_none(),
            format_args!("Ok(None) from a load of {:?}", short(handle)),
            &loaded,
        )?;
    }
    store.expect_held(&stored.handle, &stored.record)?;
    Ok(())
}

pub(super) fn handles_are_compared_exactly<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let handle = store.create(rig.record(r#"{"a":1}"#)?)?.handle;
    let shorter: String = handle.chars().take(handle.chars().count() - 1).collect();
    let variants = [
        ("without its last character", shorter.clone()),
        ("that ends in a wildcard (*)", format!("{shorter}*")),
        ("that ends in a wildcard (%)", format!("{shorter}%")),
        ("that ends in a wildcard (?)", format!("{shorter}?")),
        ("that ends in a wildcard (_)", format!("{shorter}_")),
        ("with a trailing space", format!("{handle} ")),
        ("with a leading space", format!(" {handle}")),
        ("with a trailing line break", format!("{handle}\n")),
        ("with a trailing NUL", format!("{handle}\0")),
        ("with an extra character", format!("{handle}0")),
        ("with a leading ./", format!("./{handle}")),
        ("in upper case", handle.to_ascii_uppercase()),
    ];
    for (how, variant) in variants.iter().filter(|(_, variant)| *variant != handle) {
        store.expect_gone(variant, &format!("of a handle {how}"))?;
    }
    Ok(())
}

pub(super) fn strange_ids_do_not_collide<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    // New ids for every run, since the store may be shared.
    let unique = SessionId::random()?;
    let mut held = Vec::new();
    for form in STRANGE_IDS {
        let id = form.replace("ID", unique.as_str());
        let id = named(&id)?;
        let form = crate::record::json::escape(form);
        let record = rig.record_of(&id, &format!(r#"{{"form":"{form}"}}"#))?;
        // A store may refuse such ids, but it must not mix them up.
        match store.save(&record, Expected::Absent, LONG) {
            Ok(Saved::Done { handle, .. }) => held.push((handle, record)),
            Ok(conflict) => {
                let expected = format!(
                    "Saved::Done for an id of the form {form} beside similar ids, or an error"
                );
                return Err(Stop::broken(expected, format_args!("{conflict:?}")));
            }
            Err(_) => {}
        }
    }
    for (handle, record) in &held {
        same(record, &store.loaded(handle)?.record)?;
    }
    for (_, record) in &held {
        store.destroy(record.id())?;
    }
    Ok(())
}

pub(super) fn long_ids_are_stored<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    for len in LONG_IDS {
        // Random, because some indexes compress their keys.
        let mut start = String::new();
        while start.len() < len {
            start.push_str(SessionId::random()?.as_str());
        }
        start.truncate(len - 1);
        let mut held = Vec::new();
        for end in ["a", "b"] {
            let id = named(&format!("{start}{end}"))?;
            let record = rig.record_of(&id, &format!(r#"{{"end":"{end}"}}"#))?;
            let saved = store.save(&record, Expected::Absent, LONG);
            match saved {
                Ok(Saved::Done { handle, .. }) => held.push(Stored { record, handle }),
                refused => {
                    let expected = format!("Saved::Done for a new id of {len} bytes");
                    return Err(Stop::broken(expected, format_args!("{refused:?}")));
                }
            }
        }
        for stored in &held {
            let loaded = store.expect_held(&stored.handle, &stored.record)?;
            let id = stored.record.id();
            let touched = store.touch(id, &loaded.version, LONG)?;
            let expected = format!("no Touched::Gone for a live record with an id of {len} bytes");
            expect(touched != Touched::Gone, expected, touched)?;
        }
        store.destroy(held[1].record.id())?;
        store.expect_held(&held[0].handle, &held[0].record)?;
        store.destroy(held[0].record.id())?;
    }
    Ok(())
}

pub(super) fn handle_fits_in_a_cookie<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let handle = store
        .create(rig.record(r#"{"name":"Zoë; \"quoted\", spaced"}"#)?)?
        .handle;
    let unfit = handle.chars().find(|char| !is_cookie_octet(*char));
    expect(
        unfit.is_none(),
        "a handle without spaces, quotes, commas, semicolons, backslashes, and control or non-ASCII characters",
        unfit,
    )?;
    expect(!handle.is_empty(), "a handle", "an empty string")?;
    let expected = format!(
        "a handle of at most {MAX_HANDLE} bytes, so that it fits in a cookie with its name and signature"
    );
    expect(handle.len() <= MAX_HANDLE, expected, handle.len())
}

pub(super) fn handle_keeps_naming_its_record<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"n":0}"#)?)?;
    let mut handles = vec![stored.handle];
    let mut latest = stored.record;
    for n in 1..4 {
        let version = store.loaded(&handles[0])?.version;
        latest = rig.record_of(latest.id(), &format!(r#"{{"n":{n}}}"#))?;
        handles.push(store.saved(&latest, Expected::Version(&version), LONG)?);
        for handle in &handles {
            store.expect_held(handle, &latest)?;
        }
    }
    Ok(())
}

pub(super) fn record_of_full_capacity_is_stored<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    match crate::Driver::capacity(&store.driver) {
        Capacity::Unlimited => store_full(rig, DEFAULT_LIMIT),
        Capacity::Json(limit) => store_full(rig, limit.min(MAX_RECORD)),
        Capacity::Cookie { handle_len } => {
            for len in (0..64).chain([500, 1_001, 2_002]) {
                let stored =
                    store.create(rig.record(&format!(r#"{{"x":"{}"}}"#, "é".repeat(len)))?)?;
                let json = stored.record.to_json().len();
                let expected = format!(
                    "a handle of {} bytes for {json} bytes of JSON, as Capacity::Cookie promises",
                    handle_len(json)
                );
                expect(
                    stored.handle.len() == handle_len(json),
                    expected,
                    stored.handle.len(),
                )?;
            }
            Ok(())
        }
    }
}

/// Stores a record with this many bytes of JSON.
fn store_full<S: Subject>(rig: &Rig<'_, S>, limit: usize) -> Result<(), Stop> {
    let store = rig.connect();
    let empty = rig.record(r#"{"x":""}"#)?;
    let room = limit.checked_sub(empty.to_json().len());
    let room =
        room.ok_or_else(|| Stop::broken("room for a session", format_args!("{limit} bytes")))?;
    let text = "x".repeat(room);
    let stored = store.create(rig.record_of(empty.id(), &format!(r#"{{"x":"{text}"}}"#))?)?;
    store.expect_held(&stored.handle, &stored.record)?;
    Ok(())
}

fn named(id: &str) -> Result<SessionId, Stop> {
    SessionId::from_stored(id).ok_or_else(|| Stop::broken("an id", "an empty text"))
}

fn short(handle: &str) -> String {
    handle.chars().take(40).collect()
}

/// RFC 6265, "Syntax": the characters that a cookie's value may contain.
fn is_cookie_octet(char: char) -> bool {
    char.is_ascii_graphic() && !matches!(char, '"' | ',' | ';' | '\\')
}

/// 4096 bytes of name and value, minus a signature of 43 bytes, a dot and a name.
const MAX_HANDLE: usize = 4_000;
/// What a manager allows by default.
const DEFAULT_LIMIT: usize = 1024 * 1024;
/// The largest record that a check stores.
const MAX_RECORD: usize = 4 * 1024 * 1024;

const STRANGE: [&str; 32] = [
    "",
    " ",
    ".",
    "..",
    "/",
    "../../../etc/passwd",
    "C:\\nul",
    "*",
    "%",
    "?",
    "_",
    "[a-z]*",
    "{a,b}",
    "a b",
    "a\tb\r\nDEL x",
    "\0",
    "\u{feff}",
    "é",
    "日本語",
    "🦀",
    "null",
    "undefined",
    "0",
    "-1",
    "1e308",
    "' OR '1'='1",
    "'; DROP TABLE sessions; --",
    "$where",
    "${jndi:ldap://x}",
    "%00%2e%2e%2f",
    "{\"id\":\"a\",\"data\":{}}",
    "eyJpZCI6ImEi",
];

/// All but the last two fit in a cookie, so a manager may receive them. Other software may have
/// stored those two.
const STRANGE_IDS: [&str; 18] = [
    "ID", "id-ID", "Id-ID", "ID.", "ID..", "../ID", "./ID", "ID/a", "ID/b", "ID*", "ID?", "ID%",
    "ID_", "ID:a", "{ID}", "'ID'--", "ID\0", "ID\0a",
];
/// Around what a `VARCHAR(255)`, the keys of B-tree indexes and a page hold.
const LONG_IDS: [usize; 5] = [256, 768, 2_713, 3_073, 8_192];
