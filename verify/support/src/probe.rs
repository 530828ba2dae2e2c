//! A driver that can be watched, held and broken.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use session_core::{
    Capacity, Driver, Error, Expected, Loaded, MemoryDriver, Record, Retired, Saved, SessionId,
    Touched, Version, async_trait,
};
use tokio::sync::{Notify, watch};

/// A driver around another one, which counts, fails and waits as told.
#[derive(Debug, Default)]
pub struct Probe<D = MemoryDriver> {
    /// The driver inside.
    pub driver: D,
    loads: AtomicUsize,
    writes: AtomicUsize,
    loads_fail: AtomicBool,
    writes_fail: AtomicBool,
    hold: watch::Sender<Hold>,
    held: Notify,
}

/// Which calls wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// None.
    #[default]
    Nothing,
    /// Loads.
    Load,
    /// Saves.
    Save,
    /// Retirements: the middle of a regenerate.
    Retire,
}

impl<D> Probe<D> {
    /// Stands around `driver`.
    pub fn new(driver: D) -> Self {
        Self {
            driver,
            loads: AtomicUsize::default(),
            writes: AtomicUsize::default(),
            loads_fail: AtomicBool::default(),
            writes_fail: AtomicBool::default(),
            hold: watch::Sender::default(),
            held: Notify::default(),
        }
    }

    /// How many loads were answered, be it by a failure.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// How many calls that change the store were made.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Lets loads fail, or no longer.
    pub fn break_loads(&self, fail: bool) {
        self.loads_fail.store(fail, Ordering::SeqCst);
    }

    /// Lets saves and destroys fail, or no longer.
    pub fn break_writes(&self, fail: bool) {
        self.writes_fail.store(fail, Ordering::SeqCst);
    }

    /// Lets these calls wait, and those go on that waited.
    pub fn hold(&self, hold: Hold) {
        self.hold.send_replace(hold);
    }

    /// Waits until a call waits.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    async fn pass(&self, hold: Hold) {
        let mut told = self.hold.subscribe();
        if *told.borrow() == hold {
            self.held.notify_one();
        }
        // The sender lives as long as this does.
        let _ = told.wait_for(|told| *told != hold).await;
    }

    fn write(&self) -> Result<(), Error> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        check(&self.writes_fail)
    }
}

#[async_trait]
impl<D: Driver> Driver for Probe<D> {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.pass(Hold::Load).await;
        let loaded = match check(&self.loads_fail) {
            Ok(()) => self.driver.load(handle).await,
            Err(error) => Err(error),
        };
        self.loads.fetch_add(1, Ordering::SeqCst);
        loaded
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.pass(Hold::Save).await;
        self.write()?;
        self.driver.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.write()?;
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        self.driver.can_revoke()
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.write()?;
        self.driver.touch(id, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.pass(Hold::Retire).await;
        self.write()?;
        self.driver.retire(id, version).await
    }

    fn capacity(&self) -> Capacity {
        self.driver.capacity()
    }
}

fn check(flag: &AtomicBool) -> Result<(), Error> {
    match flag.load(Ordering::SeqCst) {
        true => Err(Error::unavailable("connection refused")),
        false => Ok(()),
    }
}
