//! Faults with versions, without parallel requests.

use std::sync::atomic::{AtomicU64, Ordering};

use session_core::{
    Driver as _, Expected, Loaded, Saved, SessionId, Touched, Version, async_trait,
};

use super::{Broken, Fault, Result, Save, Store, Touch, faults};

type HashVersions = Versioned<Hashes>;
type RecordVersions = Versioned<CountsRecords>;
type ConnectionVersions = Versioned<CountsConnections>;

pub(super) fn all() -> Vec<Broken> {
    let versioned = [
        Broken::of::<HashVersions>(
            "uses a hash of the record as its version",
            &[
                "every_save_creates_a_new_version",
                "flash_survives_an_overlapping_request",
            ],
        ),
        Broken::of::<RecordVersions>(
            "counts the saves of each record",
            &["recreated_record_has_a_new_version"],
        ),
        Broken::of::<ConnectionVersions>(
            "counts the saves of each connection",
            &["parallel_saves_have_different_versions"],
        ),
    ];
    faults().into_iter().chain(versioned).collect()
}

faults! {
    ReturnsNoVersion "returns no version from a save" caught by [
        save_returns_the_stored_version,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
                Saved::Done { handle, .. } => Saved::Done { handle, version: Version::none() },
                conflict => conflict,
            })
        }
    }

    AbsentOverwrites "overwrites an existing record with a new one" caught by [
        existing_id_is_not_overwritten,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            match save.expected {
                Expected::Absent => store.put(save.record, save.ttl).await,
                Expected::Version(_) => store.apply(save).await,
            }
        }
    }

    /// It does check that there is a record, so it resurrects nothing.
    IgnoresVersions "ignores the version that a save expects" caught by [
        save_with_stale_version_changes_nothing,
        overlapping_requests_are_merged,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            match store.apply(save).await? {
                Saved::Conflict(Some(_)) => store.put(save.record, save.ttl).await,
                saved => Ok(saved),
            }
        }
    }

    TouchesWhenRefusing "applies the ttl of a save that it refuses" caught by [
        save_with_stale_version_changes_nothing,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let saved = store.apply(save).await?;
            if let Saved::Conflict(Some(held)) = &saved {
                store.touch(save.record, &held.version, save.ttl).await?;
            }
            Ok(saved)
        }
    }

    EmptyConflicts "refuses a save without the stored record" caught by [
        conflict_returns_the_stored_record,
        second_login_gets_its_own_session,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
                Saved::Conflict(_) => Saved::Conflict(None),
                saved => saved,
            })
        }
    }

    StaleConflicts "refuses a save with the version that was expected" caught by [
        conflict_returns_the_stored_record,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match (store.apply(save).await?, save.expected) {
                (Saved::Conflict(Some(held)), Expected::Version(version)) => {
                    Saved::Conflict(Some(Box::new(Loaded::new(held.record, version.clone()))))
                }
                (saved, _) => saved,
            })
        }
    }

    TouchIgnoresVersions "ignores the version that a touch expects" caught by [
        touch_with_stale_version_changes_nothing,
        late_touch_does_not_extend_a_moved_record,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            touch_any_version(store, touch).await
        }
    }

    StaleTouchIsGone "returns Touched::Gone for a record in another version" caught by [
        touch_with_stale_version_changes_nothing,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            Ok(match store.apply_touch(touch).await? {
                Touched::MustSave => Touched::Gone,
                touched => touched,
            })
        }
    }
}

/// Touches a record in whatever version the store holds.
pub(super) async fn touch_any_version(store: &Store, touch: Touch<'_>) -> Result<Touched> {
    loop {
        let Some(held) = store.load(touch.id().as_str()).await? else {
            return Ok(Touched::Gone);
        };
        let version = &held.version;
        let touched = store.apply_touch(Touch { version, ..touch }).await?;
        if touched != Touched::MustSave {
            return Ok(touched);
        }
    }
}

/// Replaces the store's versions by others, and compares those.
#[derive(Default)]
struct Versioned<V>(V);

trait Versions: Default + Send + Sync + 'static {
    /// Is called after a save.
    fn saved(&self, _: &Store, _: Save<'_>) {}

    fn version(&self, store: &Store, held: &Loaded) -> Version;
}

impl<V: Versions> Versioned<V> {
    fn shown(&self, store: &Store, held: Loaded) -> Loaded {
        let version = self.0.version(store, &held);
        Loaded::new(held.record, version)
    }

    /// Returns the store's own version of a record, if the record has the version `shown`.
    async fn own(&self, store: &Store, id: &SessionId, shown: &Version) -> Result<Version> {
        let held = store.load(id.as_str()).await?;
        let held = held.filter(|held| self.0.version(store, held) == *shown);
        Ok(held.map_or(Version::none(), |held| held.version))
    }
}

#[async_trait]
impl<V: Versions> Fault for Versioned<V> {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
        let held = store.load(handle).await?;
        Ok(held.map(|held| self.shown(store, held)))
    }

    async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
        let saved = match save.expected {
            Expected::Absent => store.apply(save).await?,
            Expected::Version(version) => {
                let own = self.own(store, save.id(), version).await?;
                let expected = Expected::Version(&own);
                store.save(save.record, expected, save.ttl).await?
            }
        };
        Ok(match saved {
            Saved::Conflict(held) => {
                Saved::Conflict(held.map(|held| Box::new(self.shown(store, *held))))
            }
            done @ Saved::Done { .. } => {
                self.0.saved(store, save);
                done
            }
        })
    }

    async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
        let version = &self.own(store, touch.id(), touch.version).await?;
        store.apply_touch(Touch { version, ..touch }).await
    }
}

#[derive(Default)]
struct Hashes;

impl Versions for Hashes {
    fn version(&self, _: &Store, held: &Loaded) -> Version {
        // It reveals as little as a hash of it would.
        Version::bytes(held.record.to_json_without_expiry().into_bytes())
    }
}

#[derive(Default)]
struct CountsRecords;

impl Versions for CountsRecords {
    fn saved(&self, store: &Store, save: Save<'_>) {
        let mut notes = store.notes.lock().unwrap();
        let saves = notes.entry(save.id().as_str().to_owned()).or_default();
        *saves = match save.expected {
            Expected::Absent => 1,
            Expected::Version(_) => *saves + 1,
        };
    }

    fn version(&self, store: &Store, held: &Loaded) -> Version {
        let notes = store.notes.lock().unwrap();
        let saves = notes.get(held.record.id().as_str()).copied();
        Version::number(saves.unwrap_or_default())
    }
}

#[derive(Default)]
struct CountsConnections(AtomicU64);

impl Versions for CountsConnections {
    fn saved(&self, store: &Store, save: Save<'_>) {
        store.note(save.id(), self.0.fetch_add(1, Ordering::SeqCst));
    }

    fn version(&self, store: &Store, held: &Loaded) -> Version {
        CountsRecords.version(store, held)
    }
}
