//! How sessions live: lifetimes, renewal, and what happens when the store does not answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ConfigError, Record, Timestamp};

/// When a session that is only read gets a new lifetime. A session that is written always does.
///
/// Exhaustive: there is no fourth moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// Once half the lifetime is spent: an active user stays logged in, at the price of one write
    /// per half lifetime. The default.
    #[default]
    HalfLife,
    /// Never: only writes renew, as `@rudderjs/session` does.
    OnWrite,
    /// On every request.
    Always,
}

/// When a visitor gets a session, and so a cookie.
///
/// Exhaustive: a visitor has one or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Establish {
    /// When something is put or flashed, or the id is asked for: crawlers and anonymous visits cost no
    /// storage. The default.
    #[default]
    OnWrite,
    /// On the first request, as `@rudderjs/session` does.
    Always,
}

/// When the middleware opens the session. Exhaustive: before the handler, or in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// On every request, before the handler: flash ages with every request. The default.
    #[default]
    Eager,
    /// When the handler takes the session: other requests do not ask the store, and age no flash.
    Lazy,
}

/// What a request gets when the store does not answer its load. Exhaustive: it is served or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    /// A session that reads as empty and whose writes are refused with
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable). The default.
    #[default]
    Serve,
    /// An error: the middleware answers 503.
    Refuse,
}

/// What a response becomes when its session cannot be saved. Exhaustive: it is sent or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSaveFailure {
    /// It is sent as it is, without a cookie; the failure is logged. The default.
    #[default]
    Respond,
    /// The middleware answers with the status of the error instead: 503 where the store failed.
    Refuse,
}

/// Which headers tell caches that a response belongs to one session. Exhaustive: on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caching {
    /// `Vary: Cookie` where the session was looked at, and `Cache-Control: no-store` where the cookie is set,
    /// unless the handler chose its own (OWASP Session Management Cheat Sheet, "Web Content Caching").
    /// The default.
    #[default]
    Headers,
    /// None: something else takes care.
    Off,
}

/// Everything that decides about a session, besides its cookie and its keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) lifetime: Duration,
    pub(crate) absolute_lifetime: Option<Duration>,
    pub(crate) renewal: Renewal,
    pub(crate) establish: Establish,
    pub(crate) opening: Opening,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_save_failure: OnSaveFailure,
    pub(crate) caching: Caching,
    pub(crate) accept_without_expiry: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lifetime: DEFAULT_LIFETIME,
            absolute_lifetime: None,
            renewal: Renewal::default(),
            establish: Establish::default(),
            opening: Opening::default(),
            on_outage: OnOutage::default(),
            on_save_failure: OnSaveFailure::default(),
            caching: Caching::default(),
            accept_without_expiry: false,
        }
    }
}

impl Options {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.lifetime.is_zero() {
            return Err(ConfigError::new(
                "lifetime",
                "is zero",
                "use at least a second; the default is 120 minutes",
            ));
        }
        if self
            .absolute_lifetime
            .is_some_and(|absolute| absolute < self.lifetime)
        {
            return Err(ConfigError::new(
                "absolute lifetime",
                "is shorter than the lifetime",
                "raise it or lower the lifetime",
            ));
        }
        Ok(())
    }

    /// Whether a record has not ended yet.
    pub(crate) fn is_live(&self, now: Timestamp, record: &Record) -> bool {
        let is_past = |end: Timestamp| end <= now;
        let is_idle_for_too_long = match record.expires_at() {
            Some(expires_at) => is_past(expires_at),
            None => !self.accept_without_expiry,
        };
        !is_idle_for_too_long && !self.end(record.created_at()).is_some_and(is_past)
    }

    /// When a session that is saved now ends, at the latest.
    pub(crate) fn expiry(&self, now: Timestamp, created_at: Option<Timestamp>) -> Timestamp {
        let idle = now + self.lifetime;
        self.end(created_at).map_or(idle, |end| end.min(idle))
    }

    /// When a session ends whatever it does.
    pub(crate) fn end(&self, created_at: Option<Timestamp>) -> Option<Timestamp> {
        Some(created_at? + self.absolute_lifetime?)
    }

    /// Whether a session that ends at `expires_at` is due for a new lifetime although nothing changed. Near its
    /// absolute end there is none to be had.
    pub(crate) fn is_renewal_due(
        &self,
        now: Timestamp,
        expires_at: Timestamp,
        created_at: Option<Timestamp>,
    ) -> bool {
        let left = expires_at.since(now);
        let is_spent = match self.renewal {
            Renewal::OnWrite => false,
            Renewal::HalfLife => left < self.lifetime / 2,
            Renewal::Always => true,
        };
        is_spent && self.expiry(now, created_at) > expires_at
    }
}

/// 120 minutes, as the seed.
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(120 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn half_life_renews_only_once_half_is_spent() {
        let options = Options::default();
        let start = Timestamp::from_millis(1_700_000_000_000);
        let expires = options.expiry(start, None);
        assert_eq!(expires.since(start), 120 * MINUTE);
        assert!(!options.is_renewal_due(start + 60 * MINUTE, expires, None));
        assert!(options.is_renewal_due(
            start + 60 * MINUTE + Duration::from_millis(1),
            expires,
            None
        ));
    }

    #[test]
    fn on_write_never_renews_and_always_always_does() {
        let due = |renewal, left| {
            Options {
                renewal,
                ..Options::default()
            }
            .is_renewal_due(Timestamp::default(), Timestamp::default() + left, None)
        };
        assert!(!due(Renewal::OnWrite, Duration::ZERO));
        assert!(due(Renewal::Always, 119 * MINUTE));
    }

    /// security.md 10, the arithmetic.
    #[test]
    fn s10_no_renewal_passes_the_absolute_end() {
        let options = Options {
            absolute_lifetime: Some(180 * MINUTE),
            ..Options::default()
        };
        let start = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(
            options.expiry(start + 90 * MINUTE, Some(start)),
            start + 180 * MINUTE
        );
        assert_eq!(
            options.expiry(start + 30 * MINUTE, Some(start)),
            start + 150 * MINUTE
        );
    }

    #[test]
    fn impossible_lifetimes_are_refused() {
        let refused = |options: Options| options.validate().unwrap_err().to_string();
        assert_eq!(
            refused(Options {
                lifetime: Duration::ZERO,
                ..Options::default()
            }),
            "lifetime: is zero; use at least a second; the default is 120 minutes"
        );
        assert_eq!(
            refused(Options {
                absolute_lifetime: Some(MINUTE),
                ..Options::default()
            }),
            "absolute lifetime: is shorter than the lifetime; raise it or lower the lifetime"
        );
    }
}
