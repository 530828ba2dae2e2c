//! Faults with the end of sessions.

use std::collections::HashMap;
use std::sync::Mutex;

use session_core::{Driver as _, Error, Loaded, Saved, SessionId, Touched, async_trait};

use super::{Broken, Fault, Result, Save, Store, Touch, faults};

faults! {
    DestroysNothing "does not destroy" caught by [can_revoke_is_accurate, logout_is_final] {
        async fn destroy(&self, _: &Store, _: &SessionId) -> Result<()> {
            Ok(())
        }
    }

    FailsToDestroyNothing "returns an error when it destroys an unknown id" caught by [
        destroying_an_unknown_id_is_ok,
    ] {
        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            if store.load(id.as_str()).await?.is_none() {
                return Err(Error::unavailable("0 rows affected"));
            }
            store.destroy(id).await
        }
    }

    /// Each connection remembers what it loaded last.
    Remembers(Mutex<HashMap<String, Loaded>>) "caches what its connection has loaded" caught by [
        destroyed_record_is_gone,
    ] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let remembered = self.0.lock().unwrap().get(handle).cloned();
            if remembered.is_some() {
                return Ok(remembered);
            }
            let loaded = store.load(handle).await?;
            let entry = loaded.clone().map(|loaded| (handle.to_owned(), loaded));
            self.0.lock().unwrap().extend(entry);
            Ok(loaded)
        }

        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            self.0.lock().unwrap().remove(save.id().as_str());
            store.apply(save).await
        }

        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            self.0.lock().unwrap().remove(id.as_str());
            store.destroy(id).await
        }
    }

    DestroysAll "destroys every record" caught by [destroy_leaves_other_records] {
        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            if store.load(id.as_str()).await?.is_some() {
                store.clear();
            }
            Ok(())
        }
    }

    Tombstones "never stores a destroyed id again" caught by [destroyed_id_can_be_stored_again] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if store.is_noted(save.id()) {
                return Ok(Saved::Conflict(None));
            }
            store.apply(save).await
        }

        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            store.note(id, 0);
            store.destroy(id).await
        }
    }

    SaveResurrects "resurrects a destroyed record by a late save" caught by [
        late_save_does_not_resurrect,
        logout_is_final,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            match store.apply(save).await? {
                Saved::Conflict(None) => store.put(save.record, save.ttl).await,
                saved => Ok(saved),
            }
        }
    }

    TouchResurrects "resurrects a destroyed record by a late touch" caught by [
        late_touch_does_not_resurrect,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            store.remember(save.record);
            store.apply(save).await
        }

        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            touch_or_resurrect(store, touch).await
        }
    }

    SaveResurrectsExpired "resurrects an expired record by a late save" caught by [
        late_save_does_not_resurrect_an_expired_record,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let saved = store.apply(save).await?;
            let before = match saved {
                Saved::Done { .. } => store.remember(save.record),
                Saved::Conflict(_) => store.remembered(save.id()),
            };
            match (saved, before) {
                (Saved::Conflict(None), Some(_)) => store.put(save.record, save.ttl).await,
                (saved, _) => Ok(saved),
            }
        }

        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            store.forget(id);
            store.destroy(id).await
        }
    }

    TouchResurrectsExpired "resurrects an expired record by a late touch" caught by [
        late_touch_does_not_resurrect_an_expired_record,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let saved = store.apply(save).await?;
            store.remember(save.record);
            Ok(saved)
        }

        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            touch_or_resurrect(store, touch).await
        }

        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            store.forget(id);
            store.destroy(id).await
        }
    }
}

async fn touch_or_resurrect(store: &Store, touch: Touch<'_>) -> Result<Touched> {
    let touched = store.apply_touch(touch).await?;
    if let (Touched::Gone, Some(last)) = (touched, store.remembered(touch.id())) {
        store.put(&last, touch.ttl).await?;
    }
    Ok(touched)
}
