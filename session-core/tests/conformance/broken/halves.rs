//! Faults of operations that are not one step, which show when a future is dropped between two.

use std::time::Duration;

use session_core::{
    Driver as _, Error, Expected, Loaded, Record, Saved, SessionId, Touched, async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<LoadLocks>(
            "holds a lock that a dropped load never gives back",
            &["a_dropped_load_leaves_no_lock"],
        ),
        Broken::of::<TouchReplaces>(
            "touches by removing and storing again",
            &["a_dropped_touch_leaves_the_record"],
        ),
        Broken::of::<SavesInTwo>(
            "saves by removing and storing again",
            &["a_dropped_save_leaves_the_old_or_the_new"],
        ),
        Broken::of::<CreatesInTwo>(
            "stores a new record's members after the record",
            &["a_dropped_creation_leaves_all_or_nothing"],
        ),
        Broken::of::<DestroysInTwo>(
            "removes a record's members before the record",
            &["a_dropped_end_leaves_all_or_nothing"],
        ),
    ]
}

/// Lets whoever polls go away.
async fn step() {
    let mut is_first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    })
    .await;
}

/// The record without what it holds.
fn hollow(record: &Record) -> Record {
    let empty = Record::new(record.id().clone());
    empty.expiring_at(record.expires_at().unwrap_or_default())
}

#[derive(Default)]
struct LoadLocks;

#[async_trait]
impl Fault for LoadLocks {
    const PATIENCE: Duration = Duration::from_secs(1);

    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        while store.notes.lock().unwrap().insert(handle.to_owned(), 1) == Some(1) {
            step().await;
        }
        step().await;
        store.notes.lock().unwrap().remove(handle);
        store.load(handle).await
    }
}

#[derive(Default)]
struct TouchReplaces;

#[async_trait]
impl Fault for TouchReplaces {
    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let Some(held) = store.load(id.as_str()).await? else {
            return Ok(Touched::Gone);
        };
        store.destroy(id).await?;
        step().await;
        store.put(&held.record, ttl).await?;
        Ok(Touched::Done)
    }
}

#[derive(Default)]
struct SavesInTwo;

#[async_trait]
impl Fault for SavesInTwo {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = store.save(record, expected, ttl).await?;
        if let (Expected::Version(_), Saved::Done { .. }) = (expected, &saved) {
            store.destroy(record.id()).await?;
            step().await;
            return store.put(record, ttl).await;
        }
        Ok(saved)
    }
}

#[derive(Default)]
struct CreatesInTwo;

#[async_trait]
impl Fault for CreatesInTwo {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if let (Expected::Absent, None) = (expected, store.load(record.id().as_str()).await?) {
            store.save(&hollow(record), expected, ttl).await?;
            step().await;
            return store.put(record, ttl).await;
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct DestroysInTwo;

#[async_trait]
impl Fault for DestroysInTwo {
    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        if let Some(held) = store.load(id.as_str()).await? {
            store
                .put(&hollow(&held.record), Duration::from_secs(60))
                .await?;
            step().await;
        }
        store.destroy(id).await
    }
}
