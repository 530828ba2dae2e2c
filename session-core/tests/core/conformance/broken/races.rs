//! Faults that show only when two requests use the same record at the same moment.

use std::thread;
use std::time::Duration;

use session_core::{
    Driver as _, Expected, Retired, Saved, SessionId, Touched, Version, async_trait,
};

use super::{Broken, Fault, Result, Save, Store, faults};

faults! {
    ComparesThenStores "compares, then stores" caught by [
        no_update_is_lost,
        one_of_parallel_saves_succeeds,
        destroy_wins_against_parallel_saves,
        parallel_updates_of_a_counter_are_exact,
        logout_wins_against_parallel_requests,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if let Expected::Version(version) = save.expected {
                let held = store.load(save.id().as_str()).await?;
                if held.is_some_and(|held| held.version == *version) {
                    gap();
                    return store.put(save.record, save.ttl).await;
                }
            }
            store.apply(save).await
        }
    }

    LooksThenCreates "looks whether an id is taken, then stores" caught by [
        one_of_parallel_creations_succeeds,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.is_creation(store).await? {
                gap();
                return store.put(save.record, save.ttl).await;
            }
            store.apply(save).await
        }
    }

    LoadsThenTouches "touches by loading and storing again" caught by [
        touch_and_save_exclude_each_other,
        destroy_wins_against_a_parallel_touch,
    ] {
        async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched> {
            let Some(held) = store.load(id.as_str()).await? else {
                return Ok(Touched::Gone);
            };
            gap();
            store.put(&held.record, ttl).await?;
            Ok(Touched::Done)
        }
    }

    ComparesThenRetires "compares, then retires" caught by [
        retire_and_save_exclude_each_other,
        regenerate_keeps_parallel_writes,
    ] {
        async fn retire(&self, store: &Store, id: &SessionId, version: &Version) -> Result<Retired> {
            match store.load(id.as_str()).await? {
                None => return Ok(Retired::Gone),
                Some(held) if held.version != *version => {
                    return Ok(Retired::Changed(Box::new(held)));
                }
                Some(_) => gap(),
            }
            store.destroy(id).await?;
            Ok(Retired::Done)
        }
    }
}

/// Long enough for another thread to intervene.
fn gap() {
    thread::sleep(Duration::from_micros(200));
}
