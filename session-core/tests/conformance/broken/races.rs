//! Faults that show only when requests are at the same place at the same moment.

use std::thread;
use std::time::Duration;

use session_core::{
    Driver as _, Error, Expected, Record, Retired, Saved, SessionId, Touched, Version, async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<LooksThenStores>(
            "compares, then stores",
            &[
                "no_update_is_lost",
                "of_parallel_saves_of_a_version_one_succeeds",
                "a_destruction_beats_parallel_saves",
                "counters_of_parallel_requests_are_exact",
                "a_logout_beats_parallel_requests",
            ],
        ),
        Broken::of::<LooksThenCreates>(
            "looks whether an id is taken, then stores",
            &["of_parallel_creations_of_an_id_one_succeeds"],
        ),
        Broken::of::<LooksThenTouches>(
            "touches by loading and storing again",
            &[
                "a_touch_and_a_save_exclude_each_other",
                "a_destruction_beats_a_parallel_touch",
            ],
        ),
        Broken::of::<LooksThenRetires>(
            "compares, then retires",
            &[
                "a_retirement_and_a_save_exclude_each_other",
                "a_new_id_loses_no_parallel_write",
            ],
        ),
    ]
}

/// Long enough for another thread to come in between.
fn gap() {
    thread::sleep(Duration::from_micros(200));
}

#[derive(Default)]
struct LooksThenStores;

#[async_trait]
impl Fault for LooksThenStores {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if let Expected::Version(version) = expected {
            let held = store.load(record.id().as_str()).await?;
            if held.is_some_and(|held| held.version == *version) {
                gap();
                return store.put(record, ttl).await;
            }
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct LooksThenCreates;

#[async_trait]
impl Fault for LooksThenCreates {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if let (Expected::Absent, None) = (expected, store.load(record.id().as_str()).await?) {
            gap();
            return store.put(record, ttl).await;
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct LooksThenTouches;

#[async_trait]
impl Fault for LooksThenTouches {
    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let Some(held) = store.load(id.as_str()).await? else {
            return Ok(Touched::Gone);
        };
        gap();
        store.put(&held.record, ttl).await?;
        Ok(Touched::Done)
    }
}

#[derive(Default)]
struct LooksThenRetires;

#[async_trait]
impl Fault for LooksThenRetires {
    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        match store.load(id.as_str()).await? {
            None => return Ok(Retired::Gone),
            Some(held) if held.version != *version => return Ok(Retired::Changed(Box::new(held))),
            Some(_) => gap(),
        }
        store.destroy(id).await?;
        Ok(Retired::Done)
    }
}
