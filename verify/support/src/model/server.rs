//! The settings of a service, and the limits and moments that follow from them.

use session_core::{Builder, ErrorKind, Establish, OnOutage, Renewal};

use std::time::Duration;

use super::choices::Choices;

/// What the operator chose. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) lifetime: u64,
    pub(crate) absolute: Option<u64>,
    pub(crate) renewal: Renewal,
    pub(crate) establish: Establish,
    pub(crate) on_outage: OnOutage,
    pub(crate) limit: Limit,
}

/// How much a session may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    None,
    /// Bytes of JSON.
    Json(usize),
    /// Bytes of the cookie's name and value.
    Cookie {
        name: usize,
    },
}

impl Settings {
    pub(crate) fn choose(choices: &mut Choices, limit: Limit, grain: Duration) -> Self {
        let renewals = [
            Renewal::HalfLife,
            Renewal::HalfLife,
            Renewal::OnWrite,
            // Where a store loses milliseconds, this one would be due at once.
            Renewal::Always,
        ];
        let renewals = &renewals[..4 - usize::from(!grain.is_zero())];
        Self {
            lifetime: 120 * MINUTE,
            absolute: choices.one_in(3).then_some(300 * MINUTE),
            renewal: choices.pick(renewals),
            establish: choices.pick(&[Establish::OnWrite, Establish::OnWrite, Establish::Always]),
            on_outage: choices.pick(&[OnOutage::Serve, OnOutage::Serve, OnOutage::Refuse]),
            limit,
        }
    }

    pub(crate) fn configure(&self, builder: Builder) -> Builder {
        let builder = builder
            .lifetime(Duration::from_millis(self.lifetime))
            .renewal(self.renewal)
            .establish(self.establish)
            .on_outage(self.on_outage);
        match self.absolute {
            Some(absolute) => builder.absolute_lifetime(Duration::from_millis(absolute)),
            None => builder,
        }
    }

    /// When a session that began at `created` and is saved at `now` ends.
    pub(crate) fn expiry(&self, now: u64, created: Option<u64>) -> u64 {
        (now + self.lifetime).min(self.end(created).unwrap_or(u64::MAX))
    }

    /// When a session ends however much it is used.
    pub(crate) fn end(&self, created: Option<u64>) -> Option<u64> {
        Some(created? + self.absolute?)
    }

    /// Whether one that is only read is to be renewed.
    pub(crate) fn is_due(&self, now: u64, expires: u64, created: Option<u64>) -> bool {
        let is_time = match self.renewal {
            Renewal::OnWrite => false,
            Renewal::HalfLife => expires.saturating_sub(now) < self.lifetime / 2,
            Renewal::Always => true,
        };
        is_time && self.expiry(now, created) > expires
    }
}

impl Limit {
    /// The most JSON that fits.
    pub(crate) fn json(self) -> usize {
        match self {
            Self::None => usize::MAX,
            Self::Json(limit) => limit,
            Self::Cookie { name } => (4096 - 44 - name) * 3 / 4,
        }
    }

    /// Refuses so many bytes of JSON.
    pub(crate) fn check(self, json: usize) -> Result<(), ErrorKind> {
        let (size, limit) = match self {
            Self::None => return Ok(()),
            Self::Json(limit) => (json, limit),
            // base64 without padding, a dot, and 32 bytes in base64.
            Self::Cookie { name } => (name + (4 * json).div_ceil(3) + 44, 4096),
        };
        if size > limit {
            return Err(ErrorKind::TooLarge { size, limit });
        }
        Ok(())
    }
}

pub(crate) const MINUTE: u64 = 60_000;
