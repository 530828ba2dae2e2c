//! A driver that tests can watch, hold up and break.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use session_core::{
    Capacity, Driver, Error, Expected, Loaded, MemoryDriver, Record, Saved, SessionId, Touched,
    Version, async_trait,
};
use tokio::sync::{Notify, watch};

use crate::Call;

/// A wrapper around a driver that records calls, and fails or pauses on demand.
#[derive(Debug, Default)]
pub struct Probe<D = MemoryDriver> {
    /// The wrapped driver. Calls made here are not recorded.
    pub driver: D,
    script: Mutex<Script>,
    hold: watch::Sender<Hold>,
    held: Notify,
}

#[derive(Default)]
struct Script {
    calls: Vec<Call>,
    loads: usize,
    writes: usize,
    failing: Vec<Call>,
    before: VecDeque<(Call, Hook)>,
    is_in_hook: bool,
    capacity: Option<usize>,
    handle: Option<String>,
}

type Hook = Box<dyn FnOnce() + Send>;

/// Which calls wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// No call waits.
    #[default]
    Nothing,
    /// Loads wait.
    Load,
    /// Saves wait.
    Save,
    /// Only the saves of moved records wait, which is halfway through a regenerate.
    Move,
}

impl<D> Probe<D> {
    /// Wraps `driver`.
    pub fn new(driver: D) -> Self {
        Self {
            driver,
            script: Mutex::default(),
            hold: watch::Sender::default(),
            held: Notify::default(),
        }
    }

    /// Returns the calls made since the last call of this method.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.script().calls)
    }

    /// Returns the number of finished loads, failed ones included.
    pub fn loads(&self) -> usize {
        self.script().loads
    }

    /// Returns the number of calls that change the store.
    pub fn writes(&self) -> usize {
        self.script().writes
    }

    /// Makes exactly these calls fail from now on.
    pub fn fail(&self, calls: &[Call]) {
        self.script().failing = calls.to_vec();
    }

    /// Makes loads fail, or stops doing so.
    pub fn break_loads(&self, fail: bool) {
        self.set_failing(&[Call::Load], fail);
    }

    /// Makes every call that changes the store fail, or stops doing so.
    pub fn break_writes(&self, fail: bool) {
        let writes = [Call::Save, Call::Move, Call::Destroy, Call::Touch];
        self.set_failing(&writes, fail);
    }

    /// Runs `hook` before the next `call` reaches the store. Calls made by a hook run no other
    /// hook.
    pub fn before(&self, call: Call, hook: impl FnOnce() + Send + 'static) {
        self.script().before.push_back((call, Box::new(hook)));
    }

    /// Makes the matching calls wait, and releases all others.
    pub fn hold(&self, hold: Hold) {
        self.hold.send_replace(hold);
    }

    /// Waits until a call is on hold.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Limits the JSON of a record to this many bytes.
    pub fn limit(&self, bytes: usize) {
        self.script().capacity = Some(bytes);
    }

    /// Makes successful saves return this handle.
    pub fn answer_with_handle(&self, handle: &str) {
        self.script().handle = Some(handle.to_owned());
    }

    fn set_failing(&self, calls: &[Call], fail: bool) {
        let failing = &mut self.script().failing;
        failing.retain(|call| !calls.contains(call));
        if fail {
            failing.extend(calls);
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    async fn pause(&self, hold: Hold) {
        let mut current = self.hold.subscribe();
        if *current.borrow() == hold {
            self.held.notify_one();
        }
        // The sender lives as long as `self`, so this cannot fail.
        let _ = current.wait_for(|current| *current != hold).await;
    }

    fn record(&self, call: Call) -> Result<(), Error> {
        let hook = {
            let mut script = self.script();
            script.calls.push(call);
            script.writes += usize::from(call != Call::Load);
            let is_next = script.before.front().is_some_and(|(next, _)| *next == call);
            if is_next && !script.is_in_hook {
                script.is_in_hook = true;
                script.before.pop_front()
            } else {
                None
            }
        };
        if let Some((_, hook)) = hook {
            hook();
            self.script().is_in_hook = false;
        }
        if self.script().failing.contains(&call) {
            return Err(Error::unavailable("connection refused"));
        }
        Ok(())
    }
}

#[async_trait]
impl<D: Driver> Driver for Probe<D> {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.pause(Hold::Load).await;
        let loaded = match self.record(Call::Load) {
            Ok(()) => self.driver.load(handle).await,
            Err(error) => Err(error),
        };
        self.script().loads += 1;
        loaded
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let call = Call::save(record);
        self.pause(Hold::Save).await;
        if call == Call::Move {
            self.pause(Hold::Move).await;
        }
        self.record(call)?;
        let saved = self.driver.save(record, expected, ttl).await?;
        let handle = self.script().handle.clone();
        Ok(match (saved, handle) {
            (Saved::Done { version, .. }, Some(handle)) => Saved::Done { handle, version },
            (saved, _) => saved,
        })
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.record(Call::Destroy)?;
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        self.driver.can_revoke()
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        self.record(Call::Touch)?;
        self.driver.touch(record, version, ttl).await
    }

    fn capacity(&self) -> Capacity {
        let limit = self.script().capacity;
        limit.map_or_else(|| self.driver.capacity(), Capacity::Json)
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        self.driver.owned_by(owner).await
    }

    fn is_sealed(&self) -> bool {
        self.driver.is_sealed()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}
