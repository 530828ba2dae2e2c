//! Where time comes from.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A source of the current time.
///
/// A [`SessionManager`](crate::SessionManager) asks its clock instead of the operating system, so tests can move time
/// instead of sleeping.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock. The default everywhere.
///
/// # Panics
///
/// [`Clock::now`] panics on `wasm32-unknown-unknown`, where the standard library has no clock. Give the manager your own
/// clock there.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
    }
}

/// A clock that stands still until it is moved. For tests.
///
/// Clones share the same time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use session_core::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_millis(), 1_700_000_060_000);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Creates a clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_millis())))
    }

    /// Moves the clock and all its clones forward by `step`, in whole milliseconds.
    pub fn advance(&self, step: Duration) {
        self.set(self.now() + step);
    }

    /// Sets the clock and all its clones to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A point in time: milliseconds since the Unix epoch, like JavaScript's `Date.now()`.
///
/// Arithmetic saturates, so no [`Duration`] can overflow it. Serde reads and writes the number of milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates a timestamp from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, whole_millis))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let now = Timestamp::from_millis(5);
        assert_eq!((now + Duration::MAX).as_millis(), u64::MAX);
        assert_eq!(now.since(Timestamp::from_millis(6)), Duration::ZERO);
        assert_eq!(
            now.since(Timestamp::from_millis(2)),
            Duration::from_millis(3)
        );
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = ManualClock::new(Timestamp::default());
        let other = clock.clone();
        clock.advance(Duration::from_secs(1));
        assert_eq!(other.now().as_millis(), 1_000);
    }

    #[test]
    fn the_system_clock_is_past_2024() {
        assert!(SystemClock.now() > Timestamp::from_millis(1_704_067_200_000));
    }
}
