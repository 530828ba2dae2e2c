//! Faults with handles, with what the store holds besides records, and with what a driver says of itself.

use std::fmt;
use std::time::Duration;

use session_core::{
    Capacity, Driver as _, Error, Expected, Loaded, Record, Saved, SessionId, async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<UnknownIsAnError>(
            "answers Err for an unknown handle",
            &["an_unknown_handle_is_no_session"],
        ),
        Broken::of::<StrangePanics>(
            "panics on a handle that is no UUID",
            &["a_strange_handle_is_no_session"],
        ),
        Broken::of::<IgnoresCase>(
            "compares handles without case",
            &["a_handle_is_compared_exactly"],
        ),
        Broken::of::<Trims>("trims handles", &["a_handle_is_compared_exactly"]),
        Broken::of::<Patterns>(
            "takes handles and ids for patterns",
            &[
                "a_handle_is_compared_exactly",
                "a_strange_id_ends_nothing_else",
            ],
        ),
        Broken::of::<FileNames>("makes file names of ids", &["strange_ids_are_kept_apart"]),
        Broken::of::<SpacedHandles>(
            "returns a handle with a space",
            &["a_handle_is_fit_for_a_cookie"],
        ),
        Broken::of::<NumberedHandles>(
            "returns another handle for each save",
            &["a_handle_keeps_naming_its_record"],
        ),
        Broken::of::<ForeignIsAnError>(
            "answers Err for what is no record",
            &["what_is_no_record_is_no_session"],
        ),
        Broken::of::<ForeignIsOverwritten>(
            "overwrites what is no record",
            &["what_is_no_record_is_left_alone"],
        ),
        Broken::of::<DownIsNone>(
            "answers Ok(None) when the store is down",
            &["a_store_that_is_down_is_an_error"],
        ),
        Broken::of::<DownHangs>(
            "waits for ever when the store is down",
            &["a_store_that_is_down_is_told_in_time"],
        ),
        Broken::of::<Talkative>("lists its records in Debug", &["debug_is_silent"]),
        Broken::of::<Boastful>(
            "says that it holds more than it does",
            &["a_record_of_the_full_capacity_is_stored"],
        ),
        Broken::of::<Miscounting>(
            "miscounts the length of its handles",
            &["a_record_of_the_full_capacity_is_stored"],
        ),
        Broken::of::<Modest>(
            "says that it cannot revoke",
            &["the_driver_can_revoke", "can_revoke_tells_the_truth"],
        ),
    ]
}

#[derive(Default)]
struct UnknownIsAnError;

#[async_trait]
impl Fault for UnknownIsAnError {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        match store.load(handle).await? {
            None => Err(Error::unavailable("there is no such row")),
            found => Ok(found),
        }
    }
}

#[derive(Default)]
struct StrangePanics;

#[async_trait]
impl Fault for StrangePanics {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        assert_eq!(handle.as_bytes()[8], b'-');
        store.load(handle).await
    }
}

#[derive(Default)]
struct IgnoresCase;

#[async_trait]
impl Fault for IgnoresCase {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        store.load(&handle.to_lowercase()).await
    }
}

#[derive(Default)]
struct Trims;

#[async_trait]
impl Fault for Trims {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        store.load(handle.trim()).await
    }
}

/// Notes the ids that it stores, to find them again by their beginnings.
#[derive(Default)]
struct Patterns;

#[async_trait]
impl Fault for Patterns {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        let Some(start) = handle.strip_suffix('%') else {
            return store.load(handle).await;
        };
        let like = |id: &&String| !start.is_empty() && id.starts_with(start);
        let id = store.notes.lock().unwrap().keys().find(like).cloned();
        store.load(&id.unwrap_or_default()).await
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store
            .notes
            .lock()
            .unwrap()
            .insert(record.id().as_str().to_owned(), 0);
        store.save(record, expected, ttl).await
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        if id.as_str() == "%" {
            store.clear();
        }
        store.destroy(id).await
    }
}

#[derive(Default)]
struct FileNames;

impl FileNames {
    fn name(id: &str) -> String {
        id.replace(
            |char: char| !char.is_ascii_alphanumeric() && char != '-',
            "_",
        )
    }
}

#[async_trait]
impl Fault for FileNames {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        store.load(&Self::name(handle)).await
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let id = record.id().as_str();
        let json = record.to_json().replacen(id, &Self::name(id), 1);
        store.save(&Record::from_json(&json)?, expected, ttl).await
    }
}

#[derive(Default)]
struct SpacedHandles;

#[async_trait]
impl Fault for SpacedHandles {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        store
            .load(handle.strip_prefix("id: ").unwrap_or(handle))
            .await
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        Ok(match store.save(record, expected, ttl).await? {
            Saved::Done { handle } => Saved::Done {
                handle: format!("id: {handle}"),
            },
            conflict => conflict,
        })
    }
}

#[derive(Default)]
struct NumberedHandles;

#[async_trait]
impl Fault for NumberedHandles {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        let (id, number) = handle.split_once('~').unwrap_or((handle, ""));
        let latest = store.notes.lock().unwrap().get(id).copied();
        match latest {
            Some(latest) if number.parse() != Ok(latest) => Ok(None),
            _ => store.load(id).await,
        }
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        Ok(match store.save(record, expected, ttl).await? {
            Saved::Done { handle } => {
                let mut notes = store.notes.lock().unwrap();
                let number = notes.entry(handle.clone()).or_default();
                *number += 1;
                Saved::Done {
                    handle: format!("{handle}~{number}"),
                }
            }
            conflict => conflict,
        })
    }
}

#[derive(Default)]
struct ForeignIsAnError;

#[async_trait]
impl Fault for ForeignIsAnError {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        if store.is_planted(handle) {
            return Err(Error::unavailable("expected value at line 1 column 1"));
        }
        store.load(handle).await
    }
}

#[derive(Default)]
struct ForeignIsOverwritten;

#[async_trait]
impl Fault for ForeignIsOverwritten {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if store.is_planted(record.id().as_str()) {
            store.unplant(record.id().as_str());
            return store.put(record, ttl).await;
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct DownIsNone;

#[async_trait]
impl Fault for DownIsNone {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        Ok(store.load(handle).await.unwrap_or_default())
    }
}

#[derive(Default)]
struct DownHangs;

#[async_trait]
impl Fault for DownHangs {
    const PATIENCE: Duration = Duration::from_secs(1);

    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        if store.is_down() {
            std::future::pending::<()>().await;
        }
        store.load(handle).await
    }
}

#[derive(Default)]
struct Talkative;

#[async_trait]
impl Fault for Talkative {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store
            .notes
            .lock()
            .unwrap()
            .insert(record.id().as_str().to_owned(), 0);
        store.save(record, expected, ttl).await
    }

    fn debug(&self, store: &Store, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(store.notes.lock().unwrap().keys())
            .finish()
    }
}

#[derive(Default)]
struct Boastful;

#[async_trait]
impl Fault for Boastful {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if record.to_json().len() > 1_500_000 {
            return Err(Error::unavailable("packet for query is too large"));
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct Miscounting;

impl Fault for Miscounting {
    fn capacity(&self, _: &Store) -> Capacity {
        Capacity::Cookie {
            handle_len: |json| json / 3 * 4,
        }
    }
}

#[derive(Default)]
struct Modest;

impl Fault for Modest {
    fn can_revoke(&self) -> bool {
        false
    }
}
