//! A complete server-side store that counts what it is asked, fails on demand, and lets others act between
//! two of its operations.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Capacity, Driver, Error, Expected, Loaded, ManualClock, MemoryDriver, Record, Retired, Saved,
    SessionId, Touched, Version, async_trait,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Load,
    Save,
    Destroy,
    Touch,
    Retire,
}

#[derive(Debug)]
pub(crate) struct Probe {
    memory: MemoryDriver,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    calls: Vec<Op>,
    failing: Vec<Op>,
    before: VecDeque<(Op, Hook)>,
    is_in_hook: bool,
    capacity: Option<usize>,
    handle: Option<String>,
}

type Hook = Box<dyn FnOnce() + Send>;

impl Probe {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self {
            memory: MemoryDriver::new().with_clock(clock),
            script: Mutex::default(),
        }
    }

    /// What was asked since this was last called.
    pub(crate) fn calls(&self) -> Vec<Op> {
        std::mem::take(&mut self.script().calls)
    }

    /// Lets these operations fail from now on, and no others.
    pub(crate) fn fail(&self, ops: &[Op]) {
        self.script().failing = ops.to_vec();
    }

    /// Runs `hook` when `op` is asked for the next time, before it reaches the store. What the hook itself
    /// asks runs no other hook.
    pub(crate) fn before(&self, op: Op, hook: impl FnOnce() + Send + 'static) {
        self.script().before.push_back((op, Box::new(hook)));
    }

    /// Limits the JSON of a record to so many bytes.
    pub(crate) fn limit(&self, bytes: usize) {
        self.script().capacity = Some(bytes);
    }

    /// Answers the next saves with this handle.
    pub(crate) fn answer_with_handle(&self, handle: &str) {
        self.script().handle = Some(handle.to_owned());
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }

    pub(crate) fn peek(&self, id: &str) -> Option<Record> {
        let loaded = block_on(self.memory.load(id)).unwrap()?;
        Some(loaded.record)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    fn asked(&self, op: Op) -> Result<(), Error> {
        let hook = {
            let mut script = self.script();
            script.calls.push(op);
            let is_next = script.before.front().is_some_and(|(next, _)| *next == op);
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
        if self.script().failing.contains(&op) {
            return Err(Error::unavailable("connection refused"));
        }
        Ok(())
    }
}

#[async_trait]
impl Driver for Probe {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.asked(Op::Load)?;
        self.memory.load(handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.asked(Op::Save)?;
        let saved = self.memory.save(record, expected, ttl).await?;
        let handle = self.script().handle.clone();
        Ok(match (saved, handle) {
            (Saved::Done { .. }, Some(handle)) => Saved::Done { handle },
            (saved, _) => saved,
        })
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.asked(Op::Destroy)?;
        self.memory.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.asked(Op::Touch)?;
        self.memory.touch(id, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.asked(Op::Retire)?;
        self.memory.retire(id, version).await
    }

    fn capacity(&self) -> Capacity {
        self.script()
            .capacity
            .map_or(Capacity::Unlimited, Capacity::Json)
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}
