//! What the tests share: a folder of a test's own, and a store in it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use session_core::{Driver, Expected, Loaded, Record, Saved, SessionId};

/// A folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("sqlite-driver-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the store is.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("sessions.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A record under `id` with `{"n": number}`.
pub(crate) fn record(id: &str, number: u64) -> Record {
    Record::from_json(format!(r#"{{"id":"{id}","data":{{"n":{number}}}}}"#)).unwrap()
}

pub(crate) fn id(id: &str) -> SessionId {
    SessionId::from_stored(id).unwrap()
}

/// Stores a record that is not there yet, for an hour.
pub(crate) async fn store(driver: &impl Driver, record: &Record) -> Loaded {
    let saved = driver.save(record, Expected::Absent, HOUR).await.unwrap();
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
    load(driver, record.id().as_str()).await
}

pub(crate) async fn load(driver: &impl Driver, id: &str) -> Loaded {
    let loaded = driver.load(id).await.unwrap();
    loaded.expect("the record is there")
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
