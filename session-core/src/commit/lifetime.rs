//! When a session ends, and when it is renewed.

use std::time::Duration;

use crate::record::tail::Tail;
use crate::{ConfigError, Record, Renewal, Timestamp};

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// How long a session lives without use.
    pub(crate) idle: Duration,
    /// How long a session lives at most.
    pub(crate) absolute: Option<Duration>,
    pub(crate) renewal: Renewal,
    pub(crate) accept_without_expiry: bool,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            idle: DEFAULT_IDLE,
            absolute: None,
            renewal: Renewal::default(),
            accept_without_expiry: false,
        }
    }
}

impl Lifetimes {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.idle.is_zero() {
            return Err(ConfigError::new(
                "lifetime",
                "is zero",
                "use at least a second; the default is 120 minutes",
            ));
        }
        if self.absolute.is_some_and(|absolute| absolute < self.idle) {
            return Err(ConfigError::new(
                "absolute lifetime",
                "is shorter than the lifetime",
                "raise it or lower the lifetime",
            ));
        }
        Ok(())
    }

    /// Returns the lifetimes of a session with its own idle lifetime.
    pub(crate) fn remembering(self, remembered_for: Option<Duration>) -> Self {
        Self {
            idle: remembered_for.unwrap_or(self.idle),
            ..self
        }
    }

    /// Returns `true` if the record has not ended yet.
    pub(crate) fn is_live(&self, now: Timestamp, record: &Record) -> bool {
        self.has_not_ended(now, record.expires_at(), record.created_at())
    }

    /// Returns `true` if a record with these times is live, and a request that does not look at its session has nothing to
    /// do.
    pub(crate) fn is_at_rest(&self, now: Timestamp, tail: &Tail) -> bool {
        let Tail {
            expires_at,
            created_at,
        } = *tail;
        self.has_not_ended(now, Some(expires_at), created_at)
            && !self.is_undated(Some(expires_at), created_at)
            && !self.is_due(now, expires_at, created_at)
    }

    /// Returns `true` if a record must learn its times: it has no end, or is from before there was an absolute lifetime.
    pub(crate) const fn is_undated(
        &self,
        expires_at: Option<Timestamp>,
        created_at: Option<Timestamp>,
    ) -> bool {
        expires_at.is_none() || self.absolute.is_some() && created_at.is_none()
    }

    fn has_not_ended(
        &self,
        now: Timestamp,
        expires_at: Option<Timestamp>,
        created_at: Option<Timestamp>,
    ) -> bool {
        let is_past = |end: Timestamp| end <= now;
        let is_idle_for_too_long = match expires_at {
            Some(expires_at) => is_past(expires_at),
            None => !self.accept_without_expiry,
        };
        !is_idle_for_too_long && !self.absolute_end(created_at).is_some_and(is_past)
    }

    /// Returns when a session that is saved now ends.
    pub(crate) fn expiry(&self, now: Timestamp, created_at: Option<Timestamp>) -> Timestamp {
        let idle_end = now + self.idle;
        self.absolute_end(created_at)
            .map_or(idle_end, |end| end.min(idle_end))
    }

    /// Returns `true` if a session that ends at `expires_at` is due for renewal although nothing changed.
    pub(crate) fn is_due(
        &self,
        now: Timestamp,
        expires_at: Timestamp,
        created_at: Option<Timestamp>,
    ) -> bool {
        let left = expires_at.since(now);
        if left > self.idle {
            // The clock was stepped back, or the lifetime was shortened.
            return true;
        }
        match self.renewal {
            Renewal::OnWrite => false,
            // Close to its absolute end, no later one is to be had.
            Renewal::OnUse => {
                left <= self.idle - self.idle / 10 && self.expiry(now, created_at) > expires_at
            }
            Renewal::Always => true,
        }
    }

    fn absolute_end(&self, created_at: Option<Timestamp>) -> Option<Timestamp> {
        Some(created_at? + self.absolute?)
    }
}

/// 120 minutes, as in `@rudderjs/session`.
pub(crate) const DEFAULT_IDLE: Duration = Duration::from_secs(120 * 60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn on_use_renews_once_a_tenth_is_spent() {
        let lifetimes = Lifetimes::default();
        let start = Timestamp::from_millis(1_700_000_000_000);
        let expires = lifetimes.expiry(start, None);
        assert_eq!(expires.since(start), 120 * MINUTE);
        let almost = Duration::from_millis(12 * 60_000 - 1);
        assert!(!lifetimes.is_due(start + almost, expires, None));
        assert!(lifetimes.is_due(start + 12 * MINUTE, expires, None));
    }

    #[test]
    fn on_write_never_renews_a_read_and_always_renews_each() {
        let due = |renewal, left| {
            Lifetimes {
                renewal,
                ..Lifetimes::default()
            }
            .is_due(Timestamp::default(), Timestamp::default() + left, None)
        };
        assert!(!due(Renewal::OnWrite, Duration::ZERO));
        assert!(due(Renewal::Always, 119 * MINUTE));
        assert!(
            due(Renewal::Always, 120 * MINUTE),
            "in the same millisecond"
        );
    }

    #[test]
    fn more_than_a_lifetime_left_is_due_with_every_policy() {
        for renewal in [Renewal::OnUse, Renewal::OnWrite, Renewal::Always] {
            let lifetimes = Lifetimes {
                renewal,
                ..Lifetimes::default()
            };
            let now = Timestamp::from_millis(1_700_000_000_000);
            let too_late = now + 120 * MINUTE + Duration::from_millis(1);
            assert!(lifetimes.is_due(now, too_late, None), "{renewal:?}");
            assert!(lifetimes.expiry(now, None) < too_late);
        }
    }

    proptest! {
        /// A clock that steps by less than a lifetime, in either direction, at any moment: a user who comes every half
        /// lifetime stays, and one who stays away is gone after one lifetime plus at most the step.
        #[test]
        fn a_stepping_clock_neither_ends_active_sessions_nor_keeps_idle_ones(
            minutes in 10_u64..100_000,
            step in -0.9_f64..0.9,
            visits in 1_u32..20,
            stepped in 0_u32..20,
        ) {
            let lifetimes = Lifetimes { idle: Duration::from_secs(minutes * 60), ..Lifetimes::default() };
            let step = (lifetimes.idle.as_millis() as f64 * step) as i64;
            let mut now = 1_700_000_000_000_u64;
            let mut expires = lifetimes.expiry(Timestamp::from_millis(now), None);
            for visit in 0..visits {
                now += (lifetimes.idle / 20).as_millis() as u64;
                if visit == stepped {
                    now = now.saturating_add_signed(step);
                }
                let at = Timestamp::from_millis(now);
                // A step forward of nearly a lifetime may end a session. Only then.
                prop_assume!(expires > at || (visit == stepped && step > 0));
                if expires <= at {
                    return Ok(());
                }
                if lifetimes.is_due(at, expires, None) {
                    expires = lifetimes.expiry(at, None);
                }
                prop_assert!(expires.since(at) <= lifetimes.idle);
                prop_assert!(expires.since(at) > lifetimes.idle * 8 / 10);
            }
        }
    }

    /// Security checklist, statement 10: the arithmetic.
    #[test]
    fn s10_no_renewal_passes_the_absolute_end() {
        let lifetimes = Lifetimes {
            absolute: Some(180 * MINUTE),
            ..Lifetimes::default()
        };
        let start = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(
            lifetimes.expiry(start + 90 * MINUTE, Some(start)),
            start + 180 * MINUTE
        );
        assert_eq!(
            lifetimes.expiry(start + 30 * MINUTE, Some(start)),
            start + 150 * MINUTE
        );
    }

    #[test]
    fn impossible_lifetimes_are_rejected() {
        let rejected = |lifetimes: Lifetimes| lifetimes.validate().unwrap_err().to_string();
        assert_eq!(
            rejected(Lifetimes {
                idle: Duration::ZERO,
                ..Lifetimes::default()
            }),
            "lifetime: is zero; use at least a second; the default is 120 minutes"
        );
        assert_eq!(
            rejected(Lifetimes {
                absolute: Some(MINUTE),
                ..Lifetimes::default()
            }),
            "absolute lifetime: is shorter than the lifetime; raise it or lower the lifetime"
        );
    }
}
