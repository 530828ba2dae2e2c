//! Faults with what a record holds.

use std::time::Duration;

use session_core::{Driver as _, Error, Expected, Record, Saved, async_trait};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<Rewrites<LosesFlash>>(
            "forgets flash",
            &[
                "data_and_flash_come_back",
                "a_session_goes_on_from_request_to_request",
            ],
        ),
        Broken::of::<DropsEmpty>("stores no empty records", &["an_empty_record_comes_back"]),
        Broken::of::<Rewrites<ThreeBytes>>(
            "loses characters beyond the Basic Multilingual Plane",
            &["unicode_comes_back"],
        ),
        Broken::of::<Rewrites<Composes>>("composes Unicode", &["unicode_comes_back"]),
        Broken::of::<Rewrites<Decodes>>(
            "decodes escapes, and loses lone surrogates",
            &["escapes_come_back_as_written"],
        ),
        Broken::of::<Rewrites<Reencodes>>(
            "encodes numbers anew",
            &["numbers_come_back_as_written"],
        ),
        Broken::of::<Rewrites<Compacts>>(
            "drops white space, as a binary JSON column does",
            &["spaces_come_back_as_written"],
        ),
        Broken::of::<Rewrites<LosesTimes>>(
            "keeps only the fields that it knows",
            &["the_times_and_merged_flash_come_back"],
        ),
        Broken::of::<Updates>(
            "updates the members of a record instead of replacing them",
            &["a_record_can_be_saved_again"],
        ),
        Broken::of::<Rewrites<Truncates>>(
            "cuts a record after 65,535 bytes",
            &["a_large_record_comes_back_whole"],
        ),
        Broken::of::<Evicts>(
            "keeps the latest 100 records",
            &["many_records_are_kept_apart"],
        ),
    ]
}

/// Stores the record's JSON changed.
#[derive(Default)]
struct Rewrites<R>(R);

trait Rewrite: Default + Send + Sync + 'static {
    fn rewrite(json: String) -> String;
}

#[async_trait]
impl<R: Rewrite> Fault for Rewrites<R> {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let json = R::rewrite(record.to_json());
        store.save(&Record::from_json(&json)?, expected, ttl).await
    }
}

/// Replaces what stands between two texts, neither of which is lost.
fn without(json: &str, start: &str, end: &str) -> String {
    let Some((before, rest)) = json.split_once(start) else {
        return json.to_owned();
    };
    let at = rest.find(end).unwrap_or(rest.len());
    format!("{before}{}", &rest[at..])
}

#[derive(Default)]
struct LosesFlash;

impl Rewrite for LosesFlash {
    fn rewrite(json: String) -> String {
        json.replace("\"flash_next\":", "\"flash\":")
    }
}

#[derive(Default)]
struct ThreeBytes;

impl Rewrite for ThreeBytes {
    fn rewrite(json: String) -> String {
        json.replace(|char| char > '\u{ffff}', "?")
    }
}

#[derive(Default)]
struct Composes;

impl Rewrite for Composes {
    fn rewrite(json: String) -> String {
        json.replace("e\u{301}", "é")
    }
}

#[derive(Default)]
struct Decodes;

impl Rewrite for Decodes {
    fn rewrite(json: String) -> String {
        json.replace("\\udfff", "\u{fffd}")
            .replace("\\ud800", "\u{fffd}")
            .replace("\\udc00", "\u{fffd}")
    }
}

#[derive(Default)]
struct Reencodes;

impl Rewrite for Reencodes {
    fn rewrite(json: String) -> String {
        json.replace(":1.0,", ":1,").replace(":1E5", ":100000")
    }
}

#[derive(Default)]
struct Compacts;

impl Rewrite for Compacts {
    fn rewrite(json: String) -> String {
        json.replace("[ 1,  2 ]", "[1,2]").replace("{ }", "{}")
    }
}

#[derive(Default)]
struct LosesTimes;

impl Rewrite for LosesTimes {
    fn rewrite(json: String) -> String {
        without(&json, ",\"iat\":", "}")
    }
}

#[derive(Default)]
struct Truncates;

impl Rewrite for Truncates {
    fn rewrite(json: String) -> String {
        if json.len() <= 65_535 {
            return json;
        }
        // What a column cuts off is no JSON any more; this one is cut where it hurts less.
        without(&json, " 9999 ", "\"")
    }
}

#[derive(Default)]
struct DropsEmpty;

#[async_trait]
impl Fault for DropsEmpty {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if record.data().is_empty() && record.flash_next().is_empty() {
            return Ok(Saved::Done {
                handle: record.id().as_str().to_owned(),
            });
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct Updates;

#[async_trait]
impl Fault for Updates {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let Some(held) = store.load(record.id().as_str()).await? else {
            return store.save(record, expected, ttl).await;
        };
        // Of keys that are written twice the last one counts.
        let old = held.record.data().to_json();
        let members = old[1..old.len() - 1].to_owned();
        let comma = if members.is_empty() || record.data().is_empty() {
            ""
        } else {
            ","
        };
        let json =
            record
                .to_json()
                .replacen("\"data\":{", &format!("\"data\":{{{members}{comma}"), 1);
        store.save(&Record::from_json(&json)?, expected, ttl).await
    }
}

#[derive(Default)]
struct Evicts;

#[async_trait]
impl Fault for Evicts {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let mut is_full = false;
        if matches!(expected, Expected::Absent) {
            let mut notes = store.notes.lock().unwrap();
            let number = notes.entry("records".to_owned()).or_default();
            *number += 1;
            is_full = (*number).is_multiple_of(100);
        }
        if is_full {
            store.clear();
        }
        store.save(record, expected, ttl).await
    }
}
