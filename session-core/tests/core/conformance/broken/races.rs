//! Faults that show only when two requests use the same record at the same moment.

use std::thread;
use std::time::Duration;

use session_core::{Driver as _, Expected, Saved, Touched, async_trait};

use super::versions::touch_any_version;
use super::{Broken, Fault, Result, Save, Store, Touch, faults};

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
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let Some(held) = store.load(touch.id().as_str()).await? else {
                return Ok(Touched::Gone);
            };
            gap();
            store.put(&held.record, touch.ttl).await?;
            Ok(Touched::Done)
        }
    }

    ComparesThenTouches "compares, then touches" caught by [move_wins_against_a_parallel_touch] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let held = store.load(touch.id().as_str()).await?;
            if held.is_some_and(|held| held.version == *touch.version) {
                gap();
                return touch_any_version(store, touch).await;
            }
            store.apply_touch(touch).await
        }
    }

    ComparesThenMoves "compares, then stores a moved record" caught by [
        move_and_save_exclude_each_other,
        regenerate_keeps_parallel_writes,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if let (Expected::Version(version), true) = (save.expected, save.record.is_moved()) {
                let held = store.load(save.id().as_str()).await?;
                if held.is_some_and(|held| held.version == *version) {
                    gap();
                    return store.put(save.record, save.ttl).await;
                }
            }
            store.apply(save).await
        }
    }

    CreatesTables "creates its table if it sees none, without a lock" caught by [
        parallel_setup_succeeds,
    ] {
        fn set_up(&self, store: &Store) {
            let table = "table".to_owned();
            let is_missing = !store.notes.lock().unwrap().contains_key(&table);
            if is_missing {
                gap();
                let created = store.notes.lock().unwrap().insert(table, 1);
                assert!(created.is_none(), "table sessions already exists");
            }
        }
    }
}

/// Long enough for another thread to intervene.
pub(super) fn gap() {
    thread::sleep(Duration::from_micros(200));
}
