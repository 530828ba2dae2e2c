//! When a session ends, and when it is renewed.

use std::time::Duration;

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

    /// Returns `true` if the record has not ended yet.
    pub(crate) fn is_live(&self, now: Timestamp, record: &Record) -> bool {
        let is_past = |end: Timestamp| end <= now;
        let is_idle_for_too_long = match record.expires_at() {
            Some(expires_at) => is_past(expires_at),
            None => !self.accept_without_expiry,
        };
        !is_idle_for_too_long && !self.absolute_end(record.created_at()).is_some_and(is_past)
    }

    /// Returns when a session that is saved now ends.
    pub(crate) fn expiry(&self, now: Timestamp, created_at: Option<Timestamp>) -> Timestamp {
        let idle_end = now + self.idle;
        self.absolute_end(created_at)
            .map_or(idle_end, |end| end.min(idle_end))
    }

    /// Returns `true` if a session that ends at `expires_at` is due for renewal although nothing changed. Close to its
    /// absolute end no longer lifetime is available.
    pub(crate) fn is_renewal_due(
        &self,
        now: Timestamp,
        expires_at: Timestamp,
        created_at: Option<Timestamp>,
    ) -> bool {
        let left = expires_at.since(now);
        let is_spent = match self.renewal {
            Renewal::OnWrite => false,
            Renewal::HalfLife => left < self.idle / 2,
            Renewal::Always => true,
        };
        is_spent && self.expiry(now, created_at) > expires_at
    }

    fn absolute_end(&self, created_at: Option<Timestamp>) -> Option<Timestamp> {
        Some(created_at? + self.absolute?)
    }
}

/// 120 minutes, as in `@rudderjs/session`.
pub(crate) const DEFAULT_IDLE: Duration = Duration::from_secs(120 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn half_life_renews_only_once_half_is_spent() {
        let lifetimes = Lifetimes::default();
        let start = Timestamp::from_millis(1_700_000_000_000);
        let expires = lifetimes.expiry(start, None);
        assert_eq!(expires.since(start), 120 * MINUTE);
        assert!(!lifetimes.is_renewal_due(start + 60 * MINUTE, expires, None));
        assert!(lifetimes.is_renewal_due(
            start + 60 * MINUTE + Duration::from_millis(1),
            expires,
            None
        ));
    }

    #[test]
    fn on_write_never_renews_and_always_does_each_time() {
        let due = |renewal, left| {
            Lifetimes {
                renewal,
                ..Lifetimes::default()
            }
            .is_renewal_due(Timestamp::default(), Timestamp::default() + left, None)
        };
        assert!(!due(Renewal::OnWrite, Duration::ZERO));
        assert!(due(Renewal::Always, 119 * MINUTE));
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
