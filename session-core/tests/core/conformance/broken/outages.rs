//! Faults with foreign data in the store, and with a store that is down.

use std::fmt;
use std::time::Duration;

use session_core::{Driver as _, Error, Loaded, Saved, async_trait};

use super::{Broken, Fault, Result, Save, Store, faults};

faults! {
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
        fn patience(&self) -> Duration {
            Duration::from_secs(1)
        }

        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            if store.is_down() {
                std::future::pending::<()>().await;
            }
            store.load(handle).await
        }
    }

    DownPanics "panics in Debug once the store is down" caught by [unavailable_store_is_an_error] {
        fn debug(&self, store: &Store, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(!store.is_down(), "lock poisoned");
            f.write_str("Store")
        }
    }

    DownOnce "panics on the second call after the store went down" caught by [
        unavailable_store_is_an_error,
    ] {
        async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
            let loaded = store.load(handle).await;
            if loaded.is_err() {
                let calls = store.notes.lock().unwrap().insert("down".to_owned(), 1);
                assert_eq!(calls, None, "connection used after an error");
            }
            loaded
        }
    }
}
