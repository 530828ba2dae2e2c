//! Handles: what they name, and what they do not.

use super::check::{Stop, expect, told};
use super::stage::{LONG, same};
use super::{Stage, Subject};
use crate::{Capacity, Expected, Saved, SessionId};

pub(super) fn an_unknown_handle_is_no_session<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    store.expect_gone(
        SessionId::random()?.as_str(),
        "of a handle that names nothing",
    )
}

pub(super) fn a_strange_handle_is_no_session<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let long = "x".repeat(64 * 1024);
    for handle in STRANGE.iter().copied().chain([long.as_str()]) {
        let loaded = store.load(handle).map_err(|error| {
            Stop::broken(
                format_args!("Ok(None) from a load of {:?}", short(handle)),
                told(&error),
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

pub(super) fn a_handle_is_compared_exactly<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let handle = store.create(stage.record(r#"{"a":1}"#)?)?.handle;
    let shorter: String = handle.chars().take(handle.chars().count() - 1).collect();
    let variants = [
        ("with its last character cut off", shorter.clone()),
        ("with a wildcard (*) at its end", format!("{shorter}*")),
        ("with a wildcard (%) at its end", format!("{shorter}%")),
        ("with a wildcard (?) at its end", format!("{shorter}?")),
        ("with a wildcard (_) at its end", format!("{shorter}_")),
        ("with a space at its end", format!("{handle} ")),
        ("with a space before it", format!(" {handle}")),
        ("with a line break at its end", format!("{handle}\n")),
        ("with a NUL at its end", format!("{handle}\0")),
        ("with a character more", format!("{handle}0")),
        ("with ./ before it", format!("./{handle}")),
        ("in upper case", handle.to_ascii_uppercase()),
    ];
    for (how, variant) in variants.iter().filter(|(_, variant)| *variant != handle) {
        store.expect_gone(variant, &format!("of a handle {how}"))?;
    }
    Ok(())
}

pub(super) fn strange_ids_are_kept_apart<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    // Different ones each time: the store may be shared.
    let unique = SessionId::random()?;
    let mut held = Vec::new();
    for form in STRANGE_IDS {
        let id = form.replace("ID", unique.as_str());
        let id = SessionId::from_stored(&id).ok_or(Stop::NotAsked("there is no id"))?;
        let record = stage.record_of(&id, &format!(r#"{{"form":"{form}"}}"#))?;
        // Not every store takes them. What it takes, it must keep.
        match store.save(&record, Expected::Absent, LONG) {
            Ok(Saved::Done { handle }) => held.push((handle, record)),
            Ok(conflict) => {
                let expected = format!(
                    "a place for the id of the form {form}, beside similar ones, or an error"
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

pub(super) fn a_handle_is_fit_for_a_cookie<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let handle = store
        .create(stage.record(r#"{"name":"Zoë; \"quoted\", spaced"}"#)?)?
        .handle;
    let unfit = handle.chars().find(|char| !is_cookie_octet(*char));
    expect(
        unfit.is_none(),
        "a handle without spaces, quotes, commas, semicolons, backslashes, control and non-ASCII characters",
        unfit,
    )?;
    expect(!handle.is_empty(), "a handle", "an empty one")?;
    let expected = format!(
        "a handle of at most {MAX_HANDLE} bytes, so that a cookie holds it, its signature and its name"
    );
    expect(handle.len() <= MAX_HANDLE, expected, handle.len())
}

pub(super) fn a_handle_keeps_naming_its_record<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"n":0}"#)?)?;
    let mut handles = vec![stored.handle];
    let mut latest = stored.record;
    for n in 1..4 {
        let version = store.loaded(&handles[0])?.version;
        latest = stage.record_of(latest.id(), &format!(r#"{{"n":{n}}}"#))?;
        handles.push(store.saved(&latest, Expected::Version(&version), LONG)?);
        for handle in &handles {
            store.expect_held(handle, &latest)?;
        }
    }
    Ok(())
}

pub(super) fn a_record_of_the_full_capacity_is_stored<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    match crate::Driver::capacity(&store.driver) {
        Capacity::Unlimited => Err(Stop::NotAsked("the driver sets no limit")),
        Capacity::Json(limit) => {
            let empty = stage.record(r#"{"x":""}"#)?;
            let room = limit.checked_sub(empty.to_json().len());
            let room = room
                .ok_or_else(|| Stop::broken("room for a session", format_args!("{limit} bytes")))?;
            let text = "x".repeat(room.min(MAX_RECORD));
            let stored =
                store.create(stage.record_of(empty.id(), &format!(r#"{{"x":"{text}"}}"#))?)?;
            store.expect_held(&stored.handle, &stored.record)?;
            Ok(())
        }
        Capacity::Cookie { handle_len } => {
            for len in (0..64).chain([500, 1_001, 2_002]) {
                let stored =
                    store.create(stage.record(&format!(r#"{{"x":"{}"}}"#, "é".repeat(len)))?)?;
                let json = stored.record.to_json().len();
                let expected = format!(
                    "a handle of {} bytes for {json} bytes of JSON, as Capacity::Cookie says",
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

fn short(handle: &str) -> String {
    handle.chars().take(40).collect()
}

/// RFC 6265, "Syntax": what a cookie's value may consist of.
fn is_cookie_octet(char: char) -> bool {
    char.is_ascii_graphic() && !matches!(char, '"' | ',' | ';' | '\\')
}

/// 4096 bytes of name and value, less a signature of 43, a dot and a name.
const MAX_HANDLE: usize = 4_000;
/// What a check stores at most.
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

/// Fit for a cookie, so that a manager may meet them.
const STRANGE_IDS: [&str; 16] = [
    "ID", "id-ID", "Id-ID", "ID.", "ID..", "../ID", "./ID", "ID/a", "ID/b", "ID*", "ID?", "ID%",
    "ID_", "ID:a", "{ID}", "'ID'--",
];
