//! Faults with handles and ids, and with what a driver reports about itself.

use std::fmt;

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

    CStrings "ends handles and ids at a NUL" caught by [
        handles_are_compared_exactly,
        strange_ids_do_not_collide,
    ] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(before_nul(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let id = before_nul(save.id().as_str());
            renamed(store, save, id).await
        }
    }

    CutsIds "cuts ids after 2,048 bytes" caught by [long_ids_are_stored] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(cut(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            renamed(store, save, cut(save.id().as_str())).await
        }
    }

    IndexesIds "refuses ids that do not fit in a B-tree index" caught by [long_ids_are_stored] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.id().as_str().len() > 2_704 {
                return Err(Error::unavailable("index row size exceeds btree maximum 2704"));
            }
            store.apply(save).await
        }
    }

    FileNames "turns ids into file names" caught by [strange_ids_do_not_collide] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(&file_name(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            renamed(store, save, &file_name(save.id().as_str())).await
        }
    }

    SpacedHandles "returns a handle with a space" caught by [handle_fits_in_a_cookie] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            store.load(handle.strip_prefix("id: ").unwrap_or(handle)).await
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
                Saved::Done { handle, version } => Saved::Done {
                    handle: format!("id: {handle}"),
                    version,
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
                Saved::Done { handle, version } => {
                    let mut notes = store.notes.lock().unwrap();
                    let number = notes.entry(handle.clone()).or_default();
                    *number += 1;
                    Saved::Done {
                        handle: format!("{handle}~{number}"),
                        version,
                    }
                }
                conflict => conflict,
            })
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

/// Saves a record under another id.
async fn renamed(store: &Store, save: Save<'_>, id: &str) -> Result<Saved> {
    let quoted = |id: &str| serde_json::to_string(id).unwrap();
    let (from, to) = (quoted(save.id().as_str()), quoted(id));
    let json = save.record.to_json().replacen(&from, &to, 1);
    store
        .save(&Record::from_json(json)?, save.expected, save.ttl)
        .await
}

fn before_nul(id: &str) -> &str {
    id.split('\0').next().unwrap_or(id)
}

fn cut(id: &str) -> &str {
    id.get(..2_048).unwrap_or(id)
}

fn file_name(id: &str) -> String {
    id.replace(
        |char: char| !char.is_ascii_alphanumeric() && char != '-',
        "_",
    )
}
