//! Faults with handles, with foreign data in the store, and with what a driver reports about itself.

use std::fmt;
use std::time::Duration;

use session_core::{Capacity, Driver as _, Error, Loaded, Record, Saved, SessionId, async_trait};

use super::{Broken, Fault, Result, Save, Store, faults};

faults! {
    UnknownIsAnError "returns an error for an unknown handle" caught by [unknown_handle_loads_nothing] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            match store.load(handle).await? {
                None => Err(Error::unavailable("no such row")),
                found => Ok(found),
            }
        }
    }

    StrangePanics "panics on a handle that is not a UUID" caught by [strange_handle_loads_nothing] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            assert_eq!(handle.as_bytes()[8], b'-');
            store.load(handle).await
        }
    }

    IgnoresCase "ignores the case of handles" caught by [handles_are_compared_exactly] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(&handle.to_lowercase()).await
        }
    }

    Trims "trims handles" caught by [handles_are_compared_exactly] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(handle.trim()).await
        }
    }

    /// Notes the ids that it stores, in order to find them by their beginnings.
    Patterns "uses handles and ids as patterns" caught by [
        handles_are_compared_exactly,
        strange_id_affects_no_other_record,
    ] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let Some(start) = handle.strip_suffix('%') else {
                return store.load(handle).await;
            };
            let like = |id: &&String| !start.is_empty() && id.starts_with(start);
            let id = store.notes.lock().unwrap().keys().find(like).cloned();
            store.load(&id.unwrap_or_default()).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            store.note(save.id(), 0);
            store.apply(save).await
        }

        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            if id.as_str() == "%" {
                store.clear();
            }
            store.destroy(id).await
        }
    }

    FileNames "turns ids into file names" caught by [strange_ids_do_not_collide] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(&file_name(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let id = save.id().as_str();
            let json = save.record.to_json().replacen(id, &file_name(id), 1);
            store.save(&Record::from_json(&json)?, save.expected, save.ttl).await
        }
    }

    SpacedHandles "returns a handle with a space" caught by [handle_fits_in_a_cookie] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(handle.strip_prefix("id: ").unwrap_or(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
                Saved::Done { handle } => Saved::Done {
                    handle: format!("id: {handle}"),
                },
                conflict => conflict,
            })
        }
    }

    NumberedHandles "returns another handle for each save" caught by [handle_keeps_naming_its_record] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let (id, number) = handle.split_once('~').unwrap_or((handle, ""));
            let latest = store.notes.lock().unwrap().get(id).copied();
            match latest {
                Some(latest) if number.parse() != Ok(latest) => Ok(None),
                _ => store.load(id).await,
            }
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
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

    ForeignIsAnError "returns an error for foreign data" caught by [foreign_data_loads_nothing] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            if store.is_planted(handle) {
                return Err(Error::unavailable("expected value at line 1 column 1"));
            }
            store.load(handle).await
        }
    }

    ForeignIsOverwritten "overwrites foreign data" caught by [foreign_data_is_not_overwritten] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if store.is_planted(save.id().as_str()) {
                store.unplant(save.id().as_str());
                return store.put(save.record, save.ttl).await;
            }
            store.apply(save).await
        }
    }

    DownIsNone "returns Ok(None) when the store is down" caught by [unavailable_store_is_an_error] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            Ok(store.load(handle).await.unwrap_or_default())
        }
    }

    DownHangs "waits forever when the store is down" caught by [unavailable_store_fails_in_time] {
        const PATIENCE: Duration = Duration::from_secs(1);

        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            if store.is_down() {
                std::future::pending::<()>().await;
            }
            store.load(handle).await
        }
    }

    Talkative "lists its records in Debug" caught by [debug_reveals_nothing] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            store.note(save.id(), 0);
            store.apply(save).await
        }

        fn debug(&self, store: &Store, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_set().entries(store.notes.lock().unwrap().keys()).finish()
        }
    }

    Boastful "reports a larger capacity than it has" caught by [record_of_full_capacity_is_stored] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.record.to_json().len() > 1_500_000 {
                return Err(Error::unavailable("packet for query is too large"));
            }
            store.apply(save).await
        }
    }

    Miscounting "miscounts the length of its handles" caught by [record_of_full_capacity_is_stored] {
        fn capacity(&self, _: &Store) -> Capacity {
            Capacity::Cookie {
                handle_len: |json| json / 3 * 4,
            }
        }
    }

    Modest "reports that it cannot revoke" caught by [driver_can_revoke, can_revoke_is_accurate] {
        fn can_revoke(&self) -> bool {
            false
        }
    }
}

fn file_name(id: &str) -> String {
    id.replace(
        |char: char| !char.is_ascii_alphanumeric() && char != '-',
        "_",
    )
}
