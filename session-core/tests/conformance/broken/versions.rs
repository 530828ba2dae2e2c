//! Faults with versions, one request at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session_core::{
    Driver as _, Error, Expected, Loaded, Record, Retired, Saved, SessionId, Version, async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<AbsentOverwrites>(
            "overwrites what is there with a new record",
            &["an_id_is_taken_once"],
        ),
        Broken::of::<IgnoresVersions>(
            "ignores the version that a save expects",
            &[
                "a_save_of_another_version_changes_nothing",
                "overlapping_requests_are_merged",
            ],
        ),
        Broken::of::<TouchesWhenRefusing>(
            "gives a record that it does not overwrite the new ttl",
            &["a_save_of_another_version_changes_nothing"],
        ),
        Broken::of::<EmptyConflicts>(
            "refuses a save without what it holds",
            &["a_conflict_brings_what_the_store_holds"],
        ),
        Broken::of::<StaleConflicts>(
            "refuses a save with the version that was expected",
            &["a_conflict_brings_what_the_store_holds"],
        ),
        Broken::of::<RetireIgnoresVersions>(
            "retires a record that was changed meanwhile",
            &["retiring_another_version_leaves_the_record"],
        ),
        Broken::of::<Versioned<Hashes>>(
            "takes a hash of the record for its version",
            &[
                "every_save_makes_a_new_version",
                "flash_of_an_overlapping_request_survives",
            ],
        ),
        Broken::of::<Versioned<CountsRecords>>(
            "counts the saves of each record",
            &["a_record_made_anew_has_a_new_version"],
        ),
        Broken::of::<Versioned<CountsConnections>>(
            "counts the saves of each connection",
            &["versions_of_parallel_saves_differ"],
        ),
    ]
}

#[derive(Default)]
struct AbsentOverwrites;

#[async_trait]
impl Fault for AbsentOverwrites {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        match expected {
            Expected::Absent => store.put(record, ttl).await,
            Expected::Version(_) => store.save(record, expected, ttl).await,
        }
    }
}

/// Nothing rises: it does look whether there is a record.
#[derive(Default)]
struct IgnoresVersions;

#[async_trait]
impl Fault for IgnoresVersions {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        match store.save(record, expected, ttl).await? {
            Saved::Conflict(Some(_)) => store.put(record, ttl).await,
            saved => Ok(saved),
        }
    }
}

#[derive(Default)]
struct TouchesWhenRefusing;

#[async_trait]
impl Fault for TouchesWhenRefusing {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = store.save(record, expected, ttl).await?;
        if let Saved::Conflict(Some(_)) = saved {
            store.touch(record.id(), ttl).await?;
        }
        Ok(saved)
    }
}

#[derive(Default)]
struct EmptyConflicts;

#[async_trait]
impl Fault for EmptyConflicts {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        Ok(match store.save(record, expected, ttl).await? {
            Saved::Conflict(_) => Saved::Conflict(None),
            saved => saved,
        })
    }
}

#[derive(Default)]
struct StaleConflicts;

#[async_trait]
impl Fault for StaleConflicts {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        Ok(match (store.save(record, expected, ttl).await?, expected) {
            (Saved::Conflict(Some(held)), Expected::Version(version)) => {
                Saved::Conflict(Some(Box::new(Loaded::new(held.record, version.clone()))))
            }
            (saved, _) => saved,
        })
    }
}

#[derive(Default)]
struct RetireIgnoresVersions;

#[async_trait]
impl Fault for RetireIgnoresVersions {
    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        match store.retire(id, version).await? {
            Retired::Changed(held) => store.retire(id, &held.version).await,
            retired => Ok(retired),
        }
    }
}

/// Shows other versions than the store's, and compares by them.
#[derive(Default)]
struct Versioned<V>(V);

trait Versions: Default + Send + Sync + 'static {
    /// Takes note of a save.
    fn saved(&self, _: &Store, _: &SessionId, _: Expected<'_>) {}

    fn version(&self, store: &Store, held: &Loaded) -> Version;
}

impl<V: Versions> Versioned<V> {
    fn shown(&self, store: &Store, held: Loaded) -> Loaded {
        let version = self.0.version(store, &held);
        Loaded::new(held.record, version)
    }

    /// The store's own version, if what it holds has the version that is meant.
    async fn own(&self, store: &Store, id: &SessionId, meant: &Version) -> Result<Version, Error> {
        let held = store.load(id.as_str()).await?;
        let held = held.filter(|held| self.0.version(store, held) == *meant);
        Ok(held.map_or(Version::none(), |held| held.version))
    }
}

#[async_trait]
impl<V: Versions> Fault for Versioned<V> {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        let held = store.load(handle).await?;
        Ok(held.map(|held| self.shown(store, held)))
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = match expected {
            Expected::Absent => store.save(record, expected, ttl).await?,
            Expected::Version(version) => {
                let own = self.own(store, record.id(), version).await?;
                store.save(record, Expected::Version(&own), ttl).await?
            }
        };
        Ok(match saved {
            Saved::Conflict(held) => {
                Saved::Conflict(held.map(|held| Box::new(self.shown(store, *held))))
            }
            done @ Saved::Done { .. } => {
                self.0.saved(store, record.id(), expected);
                done
            }
        })
    }

    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        let own = self.own(store, id, version).await?;
        Ok(match store.retire(id, &own).await? {
            Retired::Changed(held) => Retired::Changed(Box::new(self.shown(store, *held))),
            retired => retired,
        })
    }
}

#[derive(Default)]
struct Hashes;

impl Versions for Hashes {
    fn version(&self, _: &Store, held: &Loaded) -> Version {
        // It tells as little as a hash of it would.
        Version::bytes(held.record.to_json_without_expiry().into_bytes())
    }
}

#[derive(Default)]
struct CountsRecords;

impl Versions for CountsRecords {
    fn saved(&self, store: &Store, id: &SessionId, expected: Expected<'_>) {
        let mut notes = store.notes.lock().unwrap();
        let saves = notes.entry(id.as_str().to_owned()).or_default();
        *saves = match expected {
            Expected::Absent => 1,
            Expected::Version(_) => *saves + 1,
        };
    }

    fn version(&self, store: &Store, held: &Loaded) -> Version {
        let notes = store.notes.lock().unwrap();
        Version::number(
            notes
                .get(held.record.id().as_str())
                .copied()
                .unwrap_or_default(),
        )
    }
}

#[derive(Default)]
struct CountsConnections(AtomicU64);

impl Versions for CountsConnections {
    fn saved(&self, store: &Store, id: &SessionId, _: Expected<'_>) {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        store
            .notes
            .lock()
            .unwrap()
            .insert(id.as_str().to_owned(), count);
    }

    fn version(&self, store: &Store, held: &Loaded) -> Version {
        CountsRecords.version(store, held)
    }
}
