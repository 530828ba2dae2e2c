//! A driver that fails, loses answers and pauses as planned.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use session_core::{
    Capacity, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Touched, Version,
    async_trait,
};

use crate::Call;

/// A failure of the next call of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedFault {
    pub(crate) call: Call,
    /// Whether the call takes effect and only its answer is lost.
    pub(crate) is_lost: bool,
}

/// A failure that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) call: Call,
    /// Whether the store was changed nevertheless.
    pub(crate) took_effect: bool,
    /// Whether an owner's sessions had been listed before: the commit itself was over.
    pub(crate) is_listed: bool,
}

pub(crate) struct FailingDriver<D> {
    pub(crate) driver: D,
    /// The maximum size of a record's JSON, if it differs from the driver's own capacity.
    limit: Option<usize>,
    /// Whether the driver supports `touch`.
    touches: bool,
    plan: Mutex<Plan>,
    is_held: AtomicBool,
    conflicts: AtomicUsize,
}

#[derive(Default)]
struct Plan {
    fault: Option<PlannedFault>,
    failed: Option<Failed>,
    is_listed: bool,
    hold: Option<Pause>,
}

/// Where a commit pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Before its first call.
    First,
    /// Before a regenerate stores that the old record has moved.
    Move,
}

impl<D> FailingDriver<D> {
    pub(crate) fn new(driver: D, limit: Option<usize>, touches: bool) -> Self {
        Self {
            driver,
            limit,
            touches,
            plan: Mutex::default(),
            is_held: AtomicBool::new(false),
            conflicts: AtomicUsize::new(0),
        }
    }

    /// Plans a failure, or none.
    pub(crate) fn arm(&self, fault: Option<PlannedFault>) {
        let mut plan = self.plan();
        (plan.fault, plan.failed, plan.is_listed) = (fault, None, false);
    }

    /// Cancels the planned failure and returns the one that happened.
    pub(crate) fn disarm(&self) -> Option<Failed> {
        let mut plan = self.plan();
        plan.fault = None;
        plan.failed.take()
    }

    /// Plans a pause, or none.
    pub(crate) fn hold(&self, hold: Option<Pause>) {
        self.plan().hold = hold;
    }

    /// Resumes the paused call.
    pub(crate) fn resume(&self) {
        self.is_held.store(false, Ordering::SeqCst);
    }

    /// Returns how often a request found that another one had been faster.
    pub(crate) fn conflicts(&self) -> usize {
        self.conflicts.load(Ordering::Relaxed)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.is_held.load(Ordering::SeqCst)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pauses and fails as planned. Returns `true` if the answer must be lost.
    async fn begin(&self, call: Call) -> Result<bool, Error> {
        let waits = {
            let mut plan = self.plan();
            let is_meant = match plan.hold {
                Some(Pause::First) => true,
                Some(Pause::Move) => call == Call::Move,
                None => false,
            };
            is_meant && plan.hold.take().is_some()
        };
        if waits {
            self.is_held.store(true, Ordering::SeqCst);
            // The code that resumes the call also polls it, so no waker is needed.
            poll_fn(|_| {
                if self.is_held() {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        }
        let mut plan = self.plan();
        match plan.fault {
            Some(fault) if fault.call == call => {
                plan.fault = None;
                if fault.is_lost {
                    return Ok(true);
                }
                plan.failed = Some(Failed {
                    call,
                    took_effect: false,
                    is_listed: plan.is_listed,
                });
                Err(Error::unavailable("connection refused"))
            }
            _ => Ok(false),
        }
    }

    fn end<T>(&self, call: Call, is_lost: bool, answer: T, took_effect: bool) -> Result<T, Error> {
        if !is_lost {
            return Ok(answer);
        }
        let mut plan = self.plan();
        plan.failed = Some(Failed {
            call,
            took_effect,
            is_listed: plan.is_listed,
        });
        Err(Error::unavailable("connection reset"))
    }

    fn count(&self, is_conflict: bool) {
        self.conflicts
            .fetch_add(usize::from(is_conflict), Ordering::Relaxed);
    }
}

#[async_trait]
impl<D: Driver> Driver for FailingDriver<D> {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let is_lost = self.begin(Call::Load).await?;
        let loaded = self.driver.load(handle).await?;
        self.end(Call::Load, is_lost, loaded, false)
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let call = Call::save(record);
        let is_lost = self.begin(call).await?;
        let saved = self.driver.save(record, expected, ttl).await?;
        self.count(matches!(saved, Saved::Conflict(Some(_))));
        let took_effect = matches!(saved, Saved::Done { .. });
        self.end(call, is_lost, saved, took_effect)
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let is_lost = self.begin(Call::Destroy).await?;
        self.driver.destroy(id).await?;
        self.end(Call::Destroy, is_lost, (), true)
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
        let is_lost = self.begin(Call::Touch).await?;
        let touched = if self.touches {
            self.driver.touch(record, version, ttl).await?
        } else {
            Touched::MustSave
        };
        self.end(Call::Touch, is_lost, touched, touched == Touched::Done)
    }

    fn capacity(&self) -> Capacity {
        match self.limit {
            Some(limit) => Capacity::Json(limit),
            None => self.driver.capacity(),
        }
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        self.plan().is_listed = true;
        self.driver.owned_by(owner).await
    }
}

impl<D> fmt::Debug for FailingDriver<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailingDriver").finish_non_exhaustive()
    }
}
