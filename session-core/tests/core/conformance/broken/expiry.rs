//! Faults with time.

use std::time::Duration;

use session_core::{Driver as _, Error, Expected, Loaded, Record, Saved, Touched, async_trait};

use super::{Broken, Fault, Result, Save, Store, Touch, faults};

faults! {
    EndsEarly "ends records after a third of their ttl" caught by [record_lives_for_its_ttl] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let ttl = save.ttl / 3;
            store.apply(Save { ttl, ..save }).await
        }
    }

    IgnoresTtl "keeps every record for a day" caught by [
        record_ends_after_its_ttl,
        session_ends_after_its_lifetime,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let ttl = Duration::from_secs(24 * 60 * 60);
            store.apply(Save { ttl, ..save }).await
        }
    }

    HidesTheEnd "returns records without their expiry" caught by [loaded_record_reports_its_expiry] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let Some(held) = store.load(handle).await? else {
                return Ok(None);
            };
            let record = Record::from_json(held.record.to_json_without_expiry())?;
            Ok(Some(Loaded::new(record, held.version)))
        }
    }

    KeepsTheTtl "keeps the expiry of the first save" caught by [save_extends_the_ttl] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let ttl = match save.expected {
                Expected::Absent => save.ttl,
                Expected::Version(_) => store.left(save.id()).await,
            };
            store.apply(Save { ttl, ..save }).await
        }
    }

    NeverShortens "never shortens a ttl by a save" caught by [save_shortens_the_ttl] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let ttl = save.ttl.max(store.left(save.id()).await);
            store.apply(Save { ttl, ..save }).await
        }
    }

    RefusesZero "refuses a ttl of zero" caught by [zero_ttl_is_accepted] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.ttl.is_zero() {
                return Err(Error::unavailable("invalid expire time in 'set' command"));
            }
            store.apply(save).await
        }
    }

    CountsInThirtyTwoBits "counts milliseconds in 32 bits" caught by [fifty_year_ttl_is_accepted] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let millis = save.ttl.as_millis() as u32;
            let ttl = Duration::from_millis(millis.into());
            store.apply(Save { ttl, ..save }).await
        }
    }

    TouchIsAlwaysDone "returns Touched::Done for an unknown id" caught by [
        touching_an_unknown_id_does_not_succeed,
        late_touch_does_not_resurrect,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            store.apply_touch(touch).await?;
            Ok(Touched::Done)
        }
    }

    TouchDoesNothing "returns Touched::Done and touches nothing" caught by [
        touch_extends_the_ttl,
        reading_renews_a_session,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let ttl = store.left(touch.id()).await;
            store.apply_touch(Touch { ttl, ..touch }).await
        }
    }

    TouchOnlyExtends "never shortens a ttl by a touch" caught by [touch_shortens_the_ttl] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let ttl = touch.ttl.max(store.left(touch.id()).await);
            store.apply_touch(Touch { ttl, ..touch }).await
        }
    }

    TouchSaves "gives a record a new version by a touch" caught by [
        touch_changes_only_the_expiry,
        touched_record_can_be_saved,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let Some(held) = store.load(touch.id().as_str()).await? else {
                return Ok(Touched::Gone);
            };
            let expected = Expected::Version(touch.version);
            Ok(match store.save(&held.record, expected, touch.ttl).await? {
                Saved::Done { .. } => Touched::Done,
                Saved::Conflict(_) => Touched::MustSave,
            })
        }
    }
}
