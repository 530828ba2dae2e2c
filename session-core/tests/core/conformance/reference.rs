//! A store without faults, and a driver that adds one to it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use session_core::conformance::Subject;
use session_core::{
    Capacity, Clock, Driver, Error, Expected, Loaded, ManualClock, MemoryDriver, Record, Saved,
    SessionId, Touched, Version, async_trait,
};

use super::broken::{Fault, Result, Save, Touch};
use crate::common::clock;

/// A store that keeps every promise. It can contain foreign data, and it can be down.
pub(crate) struct Store {
    memory: MemoryDriver,
    clock: ManualClock,
    planted: Mutex<HashSet<String>>,
    is_down: AtomicBool,
    /// What faults remember across connections.
    pub(crate) notes: Mutex<HashMap<String, u64>>,
    last: Mutex<HashMap<SessionId, Record>>,
    threads: Mutex<Vec<ThreadId>>,
}

impl Store {
    fn new() -> Self {
        let clock = clock();
        Self {
            memory: MemoryDriver::new().with_clock(clock.clone()),
            clock,
            planted: Mutex::default(),
            is_down: AtomicBool::default(),
            notes: Mutex::default(),
            last: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::SeqCst)
    }

    pub(crate) fn is_planted(&self, id: &str) -> bool {
        self.planted.lock().unwrap().contains(id)
    }

    /// Removes foreign data.
    pub(crate) fn unplant(&self, id: &str) {
        self.planted.lock().unwrap().remove(id);
    }

    pub(crate) fn clear(&self) {
        self.memory.clear();
    }

    pub(crate) fn note(&self, id: &SessionId, number: u64) {
        let mut notes = self.notes.lock().unwrap();
        notes.insert(id.as_str().to_owned(), number);
    }

    /// Returns which of the threads that came here this one is, counted from 1.
    pub(crate) fn place(&self, thread: ThreadId) -> usize {
        let mut threads = self.threads.lock().unwrap();
        let known = threads.iter().position(|known| *known == thread);
        known.unwrap_or_else(|| {
            threads.push(thread);
            threads.len() - 1
        }) + 1
    }

    pub(crate) fn is_noted(&self, id: &SessionId) -> bool {
        self.notes.lock().unwrap().contains_key(id.as_str())
    }

    /// Remembers a copy of a record and returns the previous copy.
    pub(crate) fn remember(&self, record: &Record) -> Option<Record> {
        let mut last = self.last.lock().unwrap();
        last.insert(record.id().clone(), record.clone())
    }

    pub(crate) fn remembered(&self, id: &SessionId) -> Option<Record> {
        self.last.lock().unwrap().get(id).cloned()
    }

    pub(crate) fn forget(&self, id: &SessionId) {
        self.last.lock().unwrap().remove(id);
    }

    pub(crate) async fn apply(&self, save: Save<'_>) -> Result<Saved> {
        self.save(save.record, save.expected, save.ttl).await
    }

    pub(crate) async fn apply_touch(&self, touch: Touch<'_>) -> Result<Touched> {
        self.touch(touch.record, touch.version, touch.ttl).await
    }

    pub(crate) async fn listed(&self, owner: &str) -> Result<Vec<SessionId>> {
        Ok(self.memory.owned_by(owner).await?.unwrap_or_default())
    }

    /// Stores a record, whatever the store holds.
    pub(crate) async fn put(&self, record: &Record, ttl: Duration) -> Result<Saved> {
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

    /// Returns how long a record has to live.
    pub(crate) async fn left(&self, id: &SessionId) -> Duration {
        let held = self.memory.load(id.as_str()).await.unwrap();
        let end = held.and_then(|held| held.record.expires_at());
        end.unwrap_or_default().since(self.clock.now())
    }

    fn check_up(&self) -> Result<()> {
        if self.is_down() {
            return Err(Error::unavailable("connection refused"));
        }
        Ok(())
    }
}

#[async_trait]
impl Driver for Store {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>> {
        self.check_up()?;
        if self.is_planted(handle) {
            return Ok(None);
        }
        self.memory.load(handle).await
    }

    async fn save(&self, record: &Record, expected: Expected<'_>, ttl: Duration) -> Result<Saved> {
        self.check_up()?;
        if self.is_planted(record.id().as_str()) {
            return Ok(Saved::Conflict(None));
        }
        self.memory.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<()> {
        self.check_up()?;
        self.memory.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(&self, record: &Record, version: &Version, ttl: Duration) -> Result<Touched> {
        self.check_up()?;
        if self.is_planted(record.id().as_str()) {
            return Ok(Touched::Gone);
        }
        self.memory.touch(record, version, ttl).await
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

/// A connection to the store, with a fault.
pub(crate) struct BrokenDriver {
    store: Arc<Store>,
    fault: Box<dyn Fault>,
}

#[async_trait]
impl Driver for BrokenDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>> {
        self.fault.load(&self.store, handle).await
    }

    async fn save(&self, record: &Record, expected: Expected<'_>, ttl: Duration) -> Result<Saved> {
        let save = Save {
            record,
            expected,
            ttl,
        };
        self.fault.save(&self.store, save).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<()> {
        self.fault.destroy(&self.store, id).await
    }

    fn can_revoke(&self) -> bool {
        self.fault.can_revoke()
    }

    async fn touch(&self, record: &Record, version: &Version, ttl: Duration) -> Result<Touched> {
        let touch = Touch {
            record,
            version,
            ttl,
        };
        self.fault.touch(&self.store, touch).await
    }

    fn capacity(&self) -> Capacity {
        self.fault.capacity(&self.store)
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>> {
        self.fault.owned_by(&self.store, owner).await.map(Some)
    }
}

impl fmt::Debug for BrokenDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.debug(&self.store, f)
    }
}

/// A store whose connections all have a fault.
///
/// One type serves every fault. The kit is generic over its subject, and a copy of the kit for each
/// fault would take a minute to compile.
pub(crate) struct BrokenSubject {
    store: Arc<Store>,
    new: fn() -> Box<dyn Fault>,
}

impl BrokenSubject {
    pub(crate) fn new<F: Fault + Default>() -> Self {
        Self {
            store: Arc::new(Store::new()),
            new: || Box::new(F::default()),
        }
    }
}

impl BrokenSubject {
    /// Fails a check that does more after `take_down` than `Subject::take_down` says.
    fn expect_up(&self) {
        assert!(!self.store.is_down(), "called after take_down");
    }
}

impl Subject for BrokenSubject {
    type Driver = BrokenDriver;

    fn driver(&self) -> BrokenDriver {
        self.expect_up();
        let fault = (self.new)();
        fault.set_up(&self.store);
        BrokenDriver {
            store: self.store.clone(),
            fault,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.store.clock.clone())
    }

    fn pass(&self, time: Duration) {
        self.expect_up();
        self.store.clock.advance(time);
    }

    /// The races of the faults are wide enough.
    fn effort(&self) -> Duration {
        Duration::ZERO
    }

    fn patience(&self) -> Duration {
        (self.new)().patience()
    }

    /// The store never reads foreign data, so the text does not matter.
    fn plant(&self, id: &SessionId, _: &str) -> bool {
        self.expect_up();
        let mut planted = self.store.planted.lock().unwrap();
        planted.insert(id.as_str().to_owned())
    }

    fn take_down(&self) -> bool {
        self.expect_up();
        self.store.is_down.store(true, Ordering::SeqCst);
        true
    }
}
