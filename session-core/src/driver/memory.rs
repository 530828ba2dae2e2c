//! A server-side driver that keeps records in this process's memory.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::shard::Shard;
use crate::{
    Clock, Driver, Error, Expected, Immediate, Loaded, Record, Saved, SessionId, SystemClock,
    Timestamp, Touched, Version,
};

/// Keeps records in memory, for development and tests. It is the reference for what a server-side driver does.
///
/// Sessions end with the process and are not shared with other processes. Later requests sweep expired records, a few at
/// a time. [`with_capacity`](Self::with_capacity) limits the number of records.
///
/// # Examples
///
/// ```
/// use session_core::{MemoryDriver, Secret, SessionManager};
///
/// let driver = MemoryDriver::new().with_capacity(100_000);
/// let manager = SessionManager::builder(driver, Secret::generate()?).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryDriver {
    // Many small maps instead of a large one, so that none is locked for long, even while it grows.
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    versions: AtomicU64,
    len: AtomicUsize,
    capacity: usize,
    clock: Box<dyn Clock>,
}

impl MemoryDriver {
    /// Creates an empty driver without a limit on the number of records.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            versions: AtomicU64::new(0),
            len: AtomicUsize::new(0),
            capacity: usize::MAX,
            clock: Box::new(SystemClock),
        }
    }

    /// Sets the maximum number of records. Default: no limit.
    ///
    /// Once it is reached and nothing has expired, saving a new session fails with
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable). No live session is evicted.
    #[must_use]
    pub fn with_capacity(mut self, records: usize) -> Self {
        self.capacity = records;
        self
    }

    /// Sets where time comes from. If the manager has its own clock, use the same. Default: [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Returns the number of records, including expired ones that have not been swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Returns `true` if there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes every record: all users are logged out.
    pub fn clear(&self) {
        for shard in &self.shards {
            let shard = std::mem::take(&mut *lock(shard));
            self.len.fetch_sub(shard.records.len(), Ordering::Relaxed);
        }
    }

    /// Locks the shard of `id`, and sweeps some expired records from it.
    fn shard(&self, id: &str, now: Timestamp) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(id);
        let mut shard = lock(&self.shards[usize::try_from(hash % SHARDS).unwrap_or_default()]);
        let swept = shard.sweep(now);
        self.len.fetch_sub(swept, Ordering::Relaxed);
        shard
    }

    fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts one more record, if the capacity allows it.
    fn reserve(&self) -> bool {
        let more = |len| (len < self.capacity).then_some(len + 1);
        self.len
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// Sweeps every shard, because a single one may have nothing to give.
    fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            let swept = lock(shard).sweep(now);
            self.len.fetch_sub(swept, Ordering::Relaxed);
        }
    }

    fn full(&self) -> Error {
        Error::unavailable(format!(
            "the memory driver holds its {} records already",
            self.capacity
        ))
    }
}

#[async_trait]
impl Driver for MemoryDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.load_now(handle)
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.save_now(record, expected, ttl)
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let removed = self.shard(id.as_str(), self.clock.now()).remove(id);
        self.len.fetch_sub(usize::from(removed), Ordering::Relaxed);
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        let (id, now) = (record.id(), self.clock.now());
        let mut shard = self.shard(id.as_str(), now);
        match shard.live(id.as_str(), now) {
            None => Ok(Touched::Gone),
            Some(stored) if version.as_number() != Some(stored.version) => Ok(Touched::MustSave),
            Some(_) => {
                shard.extend(id, now + ttl);
                Ok(Touched::Done)
            }
        }
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        // All at once: a session that moves from one shard to another must be found in one of them.
        let shards: Vec<_> = self.shards.iter().map(lock).collect();
        let ids = shards.iter().flat_map(|shard| shard.owned_by(owner));
        Ok(Some(ids.cloned().collect()))
    }

    fn immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for MemoryDriver {
    fn load_now(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let now = self.clock.now();
        let mut shard = self.shard(handle, now);
        Ok(shard.live(handle, now).map(|stored| stored.loaded()))
    }

    fn save_now(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let now = self.clock.now();
        let id = record.id().as_str();
        if matches!(expected, Expected::Absent) && self.len() >= self.capacity {
            self.sweep(now);
        }
        let version = self.next_version();
        let mut shard = self.shard(id, now);
        let held = shard.live(id, now);
        match (expected, &held) {
            (Expected::Absent, None) => {
                if !self.reserve() {
                    return Err(self.full());
                }
                if !shard.put(record.clone(), version, now + ttl) {
                    // It replaced an expired one.
                    self.len.fetch_sub(1, Ordering::Relaxed);
                }
            }
            (Expected::Version(expected), Some(stored))
                if expected.as_number() == Some(stored.version) =>
            {
                shard.put(record.clone(), version, now + ttl);
            }
            _ => {
                return Ok(Saved::Conflict(
                    held.map(|stored| Box::new(stored.loaded())),
                ));
            }
        }
        Ok(Saved::Done {
            handle: id.to_owned(),
            version: Version::number(version),
        })
    }
}

impl Default for MemoryDriver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDriver")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

const SHARDS: u64 = 64;

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::ManualClock;

    const MINUTE: Duration = Duration::from_secs(60);

    fn driver() -> (MemoryDriver, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        (MemoryDriver::new().with_clock(clock.clone()), clock)
    }

    fn record(id: &str) -> Record {
        Record::new(SessionId::from_stored(id).unwrap())
    }

    fn create(driver: &MemoryDriver, id: &str) -> bool {
        let saved = block_on(driver.save(&record(id), Expected::Absent, MINUTE));
        matches!(saved.unwrap(), Saved::Done { handle, .. } if handle == id)
    }

    #[test]
    fn an_id_is_taken_once() {
        let (driver, _) = driver();
        assert!(create(&driver, "a"));
        assert!(!create(&driver, "a"));
        assert_eq!(driver.len(), 1);
    }

    #[test]
    fn expired_records_are_gone_and_swept() {
        let (driver, clock) = driver();
        for n in 0..1_000 {
            create(&driver, &n.to_string());
        }
        clock.advance(MINUTE);
        assert!(block_on(driver.load("7")).unwrap().is_none());
        for n in 0..1_000 {
            create(&driver, &format!("later-{n}"));
        }
        assert!(driver.len() < 1_100, "{} records", driver.len());
    }

    #[test]
    fn a_full_driver_rejects_new_records_and_keeps_the_old() {
        let (driver, clock) = driver();
        let driver = driver.with_capacity(2);
        assert!(create(&driver, "a") && create(&driver, "b"));
        let error = block_on(driver.save(&record("c"), Expected::Absent, MINUTE)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unavailable);
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "the memory driver holds its 2 records already"
        );
        assert!(block_on(driver.load("a")).unwrap().is_some());
        clock.advance(MINUTE);
        assert!(create(&driver, "c"));
        assert_eq!(driver.len(), 1);
    }

    #[test]
    fn a_save_onto_a_missing_record_stores_nothing() {
        let (driver, _) = driver();
        create(&driver, "a");
        let version = block_on(driver.load("a")).unwrap().unwrap().version;
        block_on(driver.destroy(record("a").id())).unwrap();
        let saved =
            block_on(driver.save(&record("a"), Expected::Version(&version), MINUTE)).unwrap();
        assert!(matches!(saved, Saved::Conflict(None)));
        assert_eq!(
            block_on(driver.touch(&record("a"), &version, MINUTE)).unwrap(),
            Touched::Gone
        );
        assert!(driver.is_empty());
    }

    #[test]
    fn a_touch_extends_the_life_and_keeps_the_version() {
        let (driver, clock) = driver();
        create(&driver, "a");
        let before = block_on(driver.load("a")).unwrap().unwrap();
        clock.advance(MINUTE * 2 / 3);
        let touched = block_on(driver.touch(&record("a"), &before.version, MINUTE)).unwrap();
        assert_eq!(touched, Touched::Done);
        clock.advance(MINUTE / 2);
        let after = block_on(driver.load("a")).unwrap().unwrap();
        assert_eq!(after.version, before.version);
        assert_eq!(after.record.expires_at(), Some(clock.now() + MINUTE / 2));
    }

    #[test]
    fn clearing_forgets_everything() {
        let (driver, _) = driver();
        create(&driver, "a");
        driver.clear();
        assert!(driver.is_empty());
        assert!(create(&driver, "a"));
    }
}
