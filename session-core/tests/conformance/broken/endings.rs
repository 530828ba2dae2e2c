//! Faults with the end of sessions.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use session_core::{
    Driver as _, Error, Expected, Loaded, Record, Retired, Saved, SessionId, Touched, Version,
    async_trait,
};

use super::{Broken, Fault};
use crate::store::Store;

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::of::<DestroysNothing>(
            "forgets to destroy",
            &["can_revoke_tells_the_truth", "a_logout_is_final"],
        ),
        Broken::of::<DestroyMissesNothing>(
            "answers Err for the destruction of what is not there",
            &["destroying_nothing_is_ok"],
        ),
        Broken::of::<Remembers>(
            "remembers what its connection has loaded",
            &["a_destroyed_record_is_gone"],
        ),
        Broken::of::<DestroysAll>(
            "destroys every record",
            &["destroying_one_record_leaves_the_others"],
        ),
        Broken::of::<Tombstones>(
            "lets no id be stored anew",
            &["a_destroyed_id_can_be_stored_anew"],
        ),
        Broken::of::<SaveRaises>(
            "raises a destroyed record by a late save",
            &["a_late_save_raises_nothing", "a_logout_is_final"],
        ),
        Broken::of::<TouchRaises>(
            "raises a destroyed record by a late touch",
            &["a_late_touch_raises_nothing"],
        ),
        Broken::of::<SaveRaisesExpired>(
            "raises an expired record by a late save",
            &["a_late_save_raises_no_expired_record"],
        ),
        Broken::of::<TouchRaisesExpired>(
            "raises an expired record by a late touch",
            &["a_late_touch_raises_no_expired_record"],
        ),
        Broken::of::<RetireLeaves>(
            "leaves the record that it retires",
            &["a_retired_record_is_gone", "an_old_id_is_final"],
        ),
        Broken::of::<RetireIsAlwaysDone>(
            "answers Retired::Done for what is gone",
            &["retiring_what_is_gone_is_told"],
        ),
    ]
}

#[derive(Default)]
struct DestroysNothing;

#[async_trait]
impl Fault for DestroysNothing {
    async fn destroy(&self, _: &Store, _: &SessionId) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Default)]
struct DestroyMissesNothing;

#[async_trait]
impl Fault for DestroyMissesNothing {
    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        if store.load(id.as_str()).await?.is_none() {
            return Err(Error::unavailable("0 rows affected"));
        }
        store.destroy(id).await
    }
}

/// For each connection, what it saw last.
#[derive(Default)]
struct Remembers(Mutex<HashMap<String, Loaded>>);

#[async_trait]
impl Fault for Remembers {
    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        let remembered = self.0.lock().unwrap().get(handle).cloned();
        if remembered.is_some() {
            return Ok(remembered);
        }
        let loaded = store.load(handle).await?;
        self.0
            .lock()
            .unwrap()
            .extend(loaded.clone().map(|loaded| (handle.to_owned(), loaded)));
        Ok(loaded)
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.0.lock().unwrap().remove(record.id().as_str());
        store.save(record, expected, ttl).await
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        self.0.lock().unwrap().remove(id.as_str());
        store.destroy(id).await
    }
}

#[derive(Default)]
struct DestroysAll;

#[async_trait]
impl Fault for DestroysAll {
    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        if store.load(id.as_str()).await?.is_some() {
            store.clear();
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tombstones;

#[async_trait]
impl Fault for Tombstones {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let is_dead = store
            .notes
            .lock()
            .unwrap()
            .contains_key(record.id().as_str());
        if is_dead {
            return Ok(Saved::Conflict(None));
        }
        store.save(record, expected, ttl).await
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        store
            .notes
            .lock()
            .unwrap()
            .insert(id.as_str().to_owned(), 0);
        store.destroy(id).await
    }
}

#[derive(Default)]
struct SaveRaises;

#[async_trait]
impl Fault for SaveRaises {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        match store.save(record, expected, ttl).await? {
            Saved::Conflict(None) => store.put(record, ttl).await,
            saved => Ok(saved),
        }
    }
}

/// Keeps what was saved, to have it at hand for a touch.
#[derive(Default)]
struct TouchRaises;

#[async_trait]
impl Fault for TouchRaises {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store
            .last
            .lock()
            .unwrap()
            .insert(record.id().clone(), record.clone());
        store.save(record, expected, ttl).await
    }

    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let touched = store.touch(id, ttl).await?;
        let last = store.last.lock().unwrap().get(id).cloned();
        if let (Touched::Gone, Some(last)) = (touched, last) {
            store.put(&last, ttl).await?;
        }
        Ok(touched)
    }
}

/// Keeps what was saved until it is destroyed, and forgets its end.
#[derive(Default)]
struct SaveRaisesExpired;

#[async_trait]
impl Fault for SaveRaisesExpired {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = store.save(record, expected, ttl).await?;
        let before = match saved {
            Saved::Done { .. } => store
                .last
                .lock()
                .unwrap()
                .insert(record.id().clone(), record.clone()),
            Saved::Conflict(_) => store.last.lock().unwrap().get(record.id()).cloned(),
        };
        match (saved, before) {
            (Saved::Conflict(None), Some(_)) => store.put(record, ttl).await,
            (saved, _) => Ok(saved),
        }
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        store.last.lock().unwrap().remove(id);
        store.destroy(id).await
    }

    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        store.last.lock().unwrap().remove(id);
        store.retire(id, version).await
    }
}

#[derive(Default)]
struct TouchRaisesExpired(SaveRaisesExpired);

#[async_trait]
impl Fault for TouchRaisesExpired {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = store.save(record, expected, ttl).await?;
        store
            .last
            .lock()
            .unwrap()
            .insert(record.id().clone(), record.clone());
        Ok(saved)
    }

    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let touched = store.touch(id, ttl).await?;
        let last = store.last.lock().unwrap().get(id).cloned();
        if let (Touched::Gone, Some(last)) = (touched, last) {
            store.put(&last, ttl).await?;
        }
        Ok(touched)
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        self.0.destroy(store, id).await
    }

    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        self.0.retire(store, id, version).await
    }
}

#[derive(Default)]
struct RetireLeaves;

#[async_trait]
impl Fault for RetireLeaves {
    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        Ok(match store.load(id.as_str()).await? {
            None => Retired::Gone,
            Some(held) if held.version == *version => Retired::Done,
            Some(held) => Retired::Changed(Box::new(held)),
        })
    }
}

#[derive(Default)]
struct RetireIsAlwaysDone;

#[async_trait]
impl Fault for RetireIsAlwaysDone {
    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        Ok(match store.retire(id, version).await? {
            Retired::Gone => Retired::Done,
            retired => retired,
        })
    }
}
