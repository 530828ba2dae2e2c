//! Faults with the record that `regenerate` leaves under an old id.

use session_core::{Driver as _, Expected, Loaded, Record, Saved, SessionId, async_trait};

use super::{Broken, Fault, Result, Save, Store, faults};

faults! {
    LosesTheMark "stores no mark that a record has moved" caught by [
        moved_record_round_trips,
        straggler_does_not_undo_a_login,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let json = save.record.to_json().replace(",\"moved\":true", "");
            store.save(&Record::from_json(json)?, save.expected, save.ttl).await
        }
    }

    HidesMoved "returns nothing for a moved record" caught by [
        moved_record_round_trips,
        straggler_does_not_undo_a_login,
    ] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let loaded = store.load(handle).await?;
            Ok(loaded.filter(|loaded| !loaded.record.is_moved()))
        }
    }

    HidesMovedFromSaves "refuses a save over a moved record without it" caught by [
        late_save_conflicts_with_a_moved_record,
        second_login_gets_its_own_session,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            Ok(match store.apply(save).await? {
                Saved::Conflict(Some(held)) if held.record.is_moved() => Saved::Conflict(None),
                saved => saved,
            })
        }
    }

    OverwritesMoved "replaces a moved record, whatever a save expects" caught by [
        late_save_conflicts_with_a_moved_record,
        straggler_does_not_undo_a_login,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            match store.apply(save).await? {
                Saved::Conflict(Some(held)) if held.record.is_moved() => {
                    store.put(save.record, save.ttl).await
                }
                saved => Ok(saved),
            }
        }
    }

    MovesAnything "stores a moved record, whatever the save expects" caught by [
        late_move_stores_nothing,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if save.record.is_moved() {
                return store.put(save.record, save.ttl).await;
            }
            store.apply(save).await
        }
    }

    MoveKeepsTheTtl "keeps the expiry when a record moves" caught by [
        moved_record_ends_after_its_ttl,
        old_id_is_unknown_after_the_grace,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let ttl = match save.expected {
                Expected::Version(_) if save.record.is_moved() => store.left(save.id()).await,
                _ => save.ttl,
            };
            store.apply(Save { ttl, ..save }).await
        }
    }

    SparesMoved "does not destroy a moved record" caught by [destroy_removes_a_moved_record] {
        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            let held = store.load(id.as_str()).await?;
            if held.is_some_and(|held| held.record.is_moved()) {
                return Ok(());
            }
            store.destroy(id).await
        }
    }
}
