//! A store that keeps every promise, into which the tests build their faults.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::conformance::Subject;
use session_core::{
    Capacity, Clock, Driver, Error, Expected, Loaded, ManualClock, MemoryDriver, Record, Retired,
    Saved, SessionId, Timestamp, Touched, Version, async_trait,
};

use crate::broken::Fault;

/// Records, what is no record, and whether it is down.
pub(crate) struct Store {
    memory: MemoryDriver,
    pub(crate) clock: ManualClock,
    planted: Mutex<HashSet<String>>,
    is_down: AtomicBool,
    /// What faults remember, for all connections.
    pub(crate) notes: Mutex<HashMap<String, u64>>,
    pub(crate) last: Mutex<HashMap<SessionId, Record>>,
}

impl Store {
    fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        Self {
            memory: MemoryDriver::new().with_clock(clock.clone()),
            clock,
            planted: Mutex::default(),
            is_down: AtomicBool::default(),
            notes: Mutex::default(),
            last: Mutex::default(),
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::SeqCst)
    }

    pub(crate) fn is_planted(&self, id: &str) -> bool {
        self.planted.lock().unwrap().contains(id)
    }

    /// Forgets what is no record.
    pub(crate) fn unplant(&self, id: &str) {
        self.planted.lock().unwrap().remove(id);
    }

    pub(crate) fn clear(&self) {
        self.memory.clear();
    }

    /// Stores a record whatever record is there.
    pub(crate) async fn put(&self, record: &Record, ttl: Duration) -> Result<Saved, Error> {
        if self.is_planted(record.id().as_str()) {
            return Ok(Saved::Conflict(None));
        }
        loop {
            let held = self.memory.load(record.id().as_str()).await?;
            let expected = held
                .as_ref()
                .map_or(Expected::Absent, |held| Expected::Version(&held.version));
            if let done @ Saved::Done { .. } = self.save(record, expected, ttl).await? {
                return Ok(done);
            }
        }
    }

    /// How long a record has to live.
    pub(crate) async fn left(&self, id: &SessionId) -> Duration {
        let held = self.memory.load(id.as_str()).await.unwrap();
        let end = held.and_then(|held| held.record.expires_at());
        end.unwrap_or_default().since(self.clock.now())
    }

    fn up(&self) -> Result<(), Error> {
        if self.is_down() {
            return Err(Error::unavailable("connection refused"));
        }
        Ok(())
    }
}

#[async_trait]
impl Driver for Store {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.up()?;
        if self.is_planted(handle) {
            return Ok(None);
        }
        self.memory.load(handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.up()?;
        if self.is_planted(record.id().as_str()) {
            return Ok(Saved::Conflict(None));
        }
        self.memory.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.up()?;
        self.memory.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.up()?;
        self.memory.touch(id, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.up()?;
        if self.is_planted(id.as_str()) {
            return Ok(Retired::Gone);
        }
        self.memory.retire(id, version).await
    }

    fn capacity(&self) -> Capacity {
        Capacity::Json(2 * 1024 * 1024)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

/// A connection to the store that has a fault.
pub(crate) struct Faulty<F> {
    store: Arc<Store>,
    fault: F,
}

#[async_trait]
impl<F: Fault> Driver for Faulty<F> {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.fault.load(&self.store, handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.fault.save(&self.store, record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.fault.destroy(&self.store, id).await
    }

    fn can_revoke(&self) -> bool {
        self.fault.can_revoke()
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.fault.touch(&self.store, id, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.fault.retire(&self.store, id, version).await
    }

    fn capacity(&self) -> Capacity {
        self.fault.capacity(&self.store)
    }
}

impl<F: Fault> fmt::Debug for Faulty<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.debug(&self.store, f)
    }
}

/// A store whose connections all have the fault.
pub(crate) struct Site<F> {
    store: Arc<Store>,
    new: fn() -> F,
}

impl<F: Fault + Default> Site<F> {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(Store::new()),
            new: F::default,
        }
    }
}

impl<F: Fault> Subject for Site<F> {
    type Driver = Faulty<F>;

    fn driver(&self) -> Faulty<F> {
        Faulty {
            store: self.store.clone(),
            fault: (self.new)(),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.store.clock.clone())
    }

    fn pass(&self, time: Duration) {
        self.store.clock.advance(time);
    }

    /// The faults leave gaps that are wide enough.
    fn effort(&self) -> Duration {
        Duration::ZERO
    }

    fn patience(&self) -> Duration {
        F::PATIENCE
    }

    fn plant(&self, id: &SessionId, _: &str) -> bool {
        // What it is makes no difference to a store that would not read it.
        self.store
            .planted
            .lock()
            .unwrap()
            .insert(id.as_str().to_owned())
    }

    fn take_down(&self) -> bool {
        self.store.is_down.store(true, Ordering::SeqCst);
        true
    }
}
