//! Faults with time.

use std::time::Duration;

use session_core::{
    Driver as _, Error, Expected, Loaded, Record, Saved, SessionId, Touched, async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<EndsEarly>(
            "lets records end at a third of their ttl",
            &["a_record_lives_for_its_ttl"],
        ),
        Broken::of::<IgnoresTtl>(
            "lets every record live for a day",
            &[
                "a_record_ends_after_its_ttl",
                "a_session_ends_after_its_lifetime",
            ],
        ),
        Broken::of::<HidesTheEnd>(
            "returns records without their expiry",
            &["a_live_record_tells_its_end"],
        ),
        Broken::of::<KeepsTheTtl>(
            "keeps the expiry of the first save",
            &["a_save_lengthens_a_life"],
        ),
        Broken::of::<NeverShortens>(
            "only ever lengthens a life by a save",
            &["a_save_shortens_a_life"],
        ),
        Broken::of::<RefusesZero>("refuses a ttl of zero", &["a_ttl_of_zero_is_no_error"]),
        Broken::of::<CountsInThirtyTwoBits>(
            "counts milliseconds in 32 bits",
            &["a_ttl_of_fifty_years_is_no_error"],
        ),
        Broken::of::<TouchIsAlwaysDone>(
            "answers Touched::Done for what is not there",
            &[
                "a_touch_of_nothing_is_no_success",
                "a_late_touch_raises_nothing",
            ],
        ),
        Broken::of::<TouchDoesNothing>(
            "answers Touched::Done and touches nothing",
            &[
                "a_touch_lengthens_a_life",
                "a_session_that_is_only_read_is_renewed",
            ],
        ),
        Broken::of::<TouchOnlyLengthens>(
            "only ever lengthens a life by a touch",
            &["a_touch_shortens_a_life"],
        ),
        Broken::of::<TouchSaves>(
            "gives a record a new version by a touch",
            &[
                "a_touch_changes_the_expiry_only",
                "a_touched_record_can_be_saved",
            ],
        ),
    ]
}

#[derive(Default)]
struct EndsEarly;

#[async_trait]
impl Fault for EndsEarly {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store.save(record, expected, ttl / 3).await
    }
}

#[derive(Default)]
struct IgnoresTtl;

#[async_trait]
impl Fault for IgnoresTtl {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        _: Duration,
    ) -> Result<Saved, Error> {
        store
            .save(record, expected, Duration::from_secs(24 * 60 * 60))
            .await
    }
}

#[derive(Default)]
struct HidesTheEnd;

#[async_trait]
impl Fault for HidesTheEnd {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        let Some(held) = store.load(handle).await? else {
            return Ok(None);
        };
        let record = Record::from_json(held.record.to_json_without_expiry())?;
        Ok(Some(Loaded::new(record, held.version)))
    }
}

#[derive(Default)]
struct KeepsTheTtl;

#[async_trait]
impl Fault for KeepsTheTtl {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let ttl = match expected {
            Expected::Absent => ttl,
            Expected::Version(_) => store.left(record.id()).await,
        };
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct NeverShortens;

#[async_trait]
impl Fault for NeverShortens {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store
            .save(record, expected, ttl.max(store.left(record.id()).await))
            .await
    }
}

#[derive(Default)]
struct RefusesZero;

#[async_trait]
impl Fault for RefusesZero {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if ttl.is_zero() {
            return Err(Error::unavailable("invalid expire time in 'set' command"));
        }
        store.save(record, expected, ttl).await
    }
}

#[derive(Default)]
struct CountsInThirtyTwoBits;

#[async_trait]
impl Fault for CountsInThirtyTwoBits {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let millis = ttl.as_millis() as u32;
        store
            .save(record, expected, Duration::from_millis(millis.into()))
            .await
    }
}

#[derive(Default)]
struct TouchIsAlwaysDone;

#[async_trait]
impl Fault for TouchIsAlwaysDone {
    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        store.touch(id, ttl).await?;
        Ok(Touched::Done)
    }
}

#[derive(Default)]
struct TouchDoesNothing;

#[async_trait]
impl Fault for TouchDoesNothing {
    async fn touch(&self, store: &Store, id: &SessionId, _: Duration) -> Result<Touched, Error> {
        Ok(match store.load(id.as_str()).await? {
            Some(_) => Touched::Done,
            None => Touched::Gone,
        })
    }
}

#[derive(Default)]
struct TouchOnlyLengthens;

#[async_trait]
impl Fault for TouchOnlyLengthens {
    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        store.touch(id, ttl.max(store.left(id).await)).await
    }
}

#[derive(Default)]
struct TouchSaves;

#[async_trait]
impl Fault for TouchSaves {
    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let Some(held) = store.load(id.as_str()).await? else {
            return Ok(Touched::Gone);
        };
        store
            .save(&held.record, Expected::Version(&held.version), ttl)
            .await?;
        Ok(Touched::Done)
    }
}
