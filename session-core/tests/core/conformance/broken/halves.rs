//! Faults of operations in several steps, which show when a future is dropped between two of its steps.

use std::time::Duration;

use session_core::{Driver as _, Expected, Loaded, Record, Saved, SessionId, Touched, async_trait};

use super::{Broken, Fault, Result, Save, Store, Touch, faults};

faults! {
    LoadLocks "holds a lock that a dropped load never releases" caught by [
        dropped_load_leaves_no_lock,
    ] {
        fn patience(&self) -> Duration {
            Duration::from_secs(1)
        }

        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            while store.notes.lock().unwrap().insert(handle.to_owned(), 1) == Some(1) {
                step().await;
            }
            step().await;
            store.notes.lock().unwrap().remove(handle);
            store.load(handle).await
        }
    }

    TouchReplaces "touches by removing and storing again" caught by [dropped_touch_keeps_the_record] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let Some(held) = store.load(touch.id().as_str()).await? else {
                return Ok(Touched::Gone);
            };
            store.destroy(touch.id()).await?;
            step().await;
            store.put(&held.record, touch.ttl).await?;
            Ok(Touched::Done)
        }
    }

    SavesInTwoSteps "saves by removing and storing again" caught by [
        dropped_save_leaves_old_or_new_record,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let saved = store.apply(save).await?;
            if let (Expected::Version(_), Saved::Done { .. }) = (save.expected, &saved) {
                store.destroy(save.id()).await?;
                step().await;
                return store.put(save.record, save.ttl).await;
            }
            Ok(saved)
        }
    }

    CreatesInTwoSteps "stores a new record before its members" caught by [
        dropped_creation_is_all_or_nothing,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.is_creation(store).await? {
                store.save(&hollow(save.record), save.expected, save.ttl).await?;
                step().await;
                return store.put(save.record, save.ttl).await;
            }
            store.apply(save).await
        }
    }

    DestroysInTwoSteps "removes a record's members before the record" caught by [
        dropped_destroy_is_all_or_nothing,
    ] {
        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            if let Some(held) = store.load(id.as_str()).await? {
                store.put(&hollow(&held.record), Duration::from_secs(60)).await?;
                step().await;
            }
            store.destroy(id).await
        }
    }
}

/// Gives the caller a chance to drop the future.
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

/// Returns the record without its members.
fn hollow(record: &Record) -> Record {
    let empty = Record::new(record.id().clone());
    empty.expiring_at(record.expires_at().unwrap_or_default())
}
