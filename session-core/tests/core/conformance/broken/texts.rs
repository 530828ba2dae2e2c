//! Faults with what a record contains.

use session_core::{Driver as _, Expected, Record, Saved, Version, async_trait};

use super::{Broken, Fault, Result, Save, Store, faults};

faults! {
    LosesFlash "loses flash" caught by [data_and_flash_round_trip, session_continues_across_requests] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            rewritten(store, save, |json| json.replace("\"flash_next\":", "\"flash\":")).await
        }
    }

    DropsEmpty "stores no empty records" caught by [empty_record_round_trips] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.record.data().is_empty() && save.record.flash_next().is_empty() {
                let handle = save.id().as_str().to_owned();
                let version = Version::random()?;
                return Ok(Saved::Done { handle, version });
            }
            store.apply(save).await
        }
    }

    ThreeBytes "loses characters beyond the Basic Multilingual Plane" caught by [unicode_round_trips] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            rewritten(store, save, |json| json.replace(|char| char > '\u{ffff}', "?")).await
        }
    }

    Composes "composes Unicode" caught by [unicode_round_trips] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            rewritten(store, save, |json| json.replace("e\u{301}", "é")).await
        }
    }

    Decodes "decodes escapes and loses lone surrogates" caught by [escapes_are_preserved] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let decode = |json: &str| {
                ["\\udfff", "\\ud800", "\\udc00"]
                    .iter()
                    .fold(json.to_owned(), |json, escape| json.replace(escape, "\u{fffd}"))
            };
            rewritten(store, save, decode).await
        }
    }

    Reencodes "reformats numbers" caught by [number_formats_are_preserved] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let reencode = |json: &str| json.replace(":1.0,", ":1,").replace(":1E5", ":100000");
            rewritten(store, save, reencode).await
        }
    }

    Compacts "drops white space, as a binary JSON column does" caught by [white_space_is_preserved] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let compact = |json: &str| json.replace("[ 1,  2 ]", "[1,2]").replace("{ }", "{}");
            rewritten(store, save, compact).await
        }
    }

    LosesTimes "keeps only the fields that it knows" caught by [times_and_merged_flash_round_trip] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            rewritten(store, save, |json| without(json, ",\"iat\":", "}")).await
        }
    }

    LosesRemembering "forgets that a session is remembered" caught by [times_and_merged_flash_round_trip] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            rewritten(store, save, |json| without(json, ",\"remember\":", ",")).await
        }
    }

    Updates "adds to a record's members instead of replacing them" caught by [
        saved_record_is_replaced_completely,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let Some(held) = store.load(save.id().as_str()).await? else {
                return store.apply(save).await;
            };
            // The last of several members with the same name counts.
            let old = held.record.data().to_json();
            let members = &old[1..old.len() - 1];
            let comma = if members.is_empty() || save.record.data().is_empty() { "" } else { "," };
            let data = format!("\"data\":{{{members}{comma}");
            rewritten(store, save, |json| json.replacen("\"data\":{", &data, 1)).await
        }
    }

    Truncates "truncates a record after 65,535 bytes" caught by [large_records_round_trip] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let truncate = |json: &str| {
                if json.len() <= 65_535 {
                    return json.to_owned();
                }
                // A truncated text would no longer be JSON, so this cuts out the middle.
                without(json, " 9999 ", "\"")
            };
            rewritten(store, save, truncate).await
        }
    }

    Evicts "keeps only the latest 100 records" caught by [many_records_do_not_collide] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let mut is_full = false;
            if matches!(save.expected, Expected::Absent) {
                let mut notes = store.notes.lock().unwrap();
                let number = notes.entry("records".to_owned()).or_default();
                *number += 1;
                is_full = (*number).is_multiple_of(100);
            }
            if is_full {
                store.clear();
            }
            store.apply(save).await
        }
    }
}

/// Saves a record whose JSON is changed.
async fn rewritten(
    store: &Store,
    save: Save<'_>,
    rewrite: impl Fn(&str) -> String,
) -> Result<Saved> {
    let record = Record::from_json(rewrite(&save.record.to_json()))?;
    store.save(&record, save.expected, save.ttl).await
}

/// Removes `start` and everything after it up to `end`.
fn without(json: &str, start: &str, end: &str) -> String {
    let Some((before, rest)) = json.split_once(start) else {
        return json.to_owned();
    };
    let at = rest.find(end).unwrap_or(rest.len());
    format!("{before}{}", &rest[at..])
}
