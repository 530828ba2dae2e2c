//! The settings of a release, and the limits and times that follow from them.

use session_core::{Builder, CookieOptions, ErrorKind, Establish, OnOutage, Renewal};

use std::time::Duration;

use super::choices::Choices;
use super::record::OWNER;

/// The settings of a release. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) lifetime: u64,
    /// How long a regenerated id is known as moved.
    pub(crate) grace: u64,
    pub(crate) absolute: Option<u64>,
    pub(crate) renewal: Renewal,
    pub(crate) establish: Establish,
    pub(crate) on_outage: OnOutage,
    pub(crate) limit: Limit,
    pub(crate) owners: Owners,
    /// How many sessions an owner may have.
    pub(crate) per_owner: Option<usize>,
    /// Whether every cookie outlives the browser.
    pub(crate) persistent: bool,
}

/// What the releases of a world do about owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owners {
    /// There is no owner key.
    Unknown,
    /// There is an owner key, but the sessions are in the clients' cookies.
    Unlisted,
    /// The store has an index.
    Listed,
}

/// The maximum size of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    None,
    /// A number of bytes of JSON.
    Json(usize),
    /// 4096 bytes for the cookie's value and its name, which has `name` bytes.
    Cookie {
        name: usize,
        is_encrypted: bool,
    },
}

impl Settings {
    pub(crate) fn choose(
        choices: &mut Choices,
        limit: Limit,
        owners: Owners,
        grain: Duration,
    ) -> Self {
        let renewals = [
            Renewal::OnUse,
            Renewal::OnUse,
            Renewal::OnWrite,
            // Not with a coarse store: the session would be due for renewal at once.
            Renewal::Always,
        ];
        let renewals = &renewals[..4 - usize::from(!grain.is_zero())];
        Self {
            lifetime: choices.pick(&[120 * MINUTE, 120 * MINUTE, 120 * MINUTE, 65 * MINUTE]),
            grace: choices.pick(&[10_000, 10_000, 0, 20 * MINUTE]),
            absolute: choices.one_in(3).then_some(300 * MINUTE),
            renewal: choices.pick(renewals),
            establish: choices.pick(&[Establish::OnWrite, Establish::OnWrite, Establish::Always]),
            on_outage: choices.pick(&[OnOutage::Serve, OnOutage::Serve, OnOutage::Refuse]),
            limit,
            owners,
            per_owner: choices
                .pick(&[None, None, Some(1), Some(2)])
                .filter(|_| owners != Owners::Unknown),
            persistent: choices.one_in(2),
        }
    }

    pub(crate) fn configure(&self, builder: Builder) -> Builder {
        let builder = builder
            .lifetime(Duration::from_millis(self.lifetime))
            .renewal(self.renewal)
            .grace(Duration::from_millis(self.grace))
            .establish(self.establish)
            .on_outage(self.on_outage)
            .cookie(CookieOptions::default().persistent(self.persistent));
        let builder = match self.absolute {
            Some(absolute) => builder.absolute_lifetime(Duration::from_millis(absolute)),
            None => builder,
        };
        let builder = match self.owners {
            Owners::Unknown => builder,
            Owners::Unlisted | Owners::Listed => builder.owner_key(OWNER),
        };
        match self.per_owner {
            Some(limit) => builder.sessions_per_owner(limit),
            None => builder,
        }
    }

    /// Returns the settings that hold for a session with its own lifetime.
    pub(crate) fn remembering(self, remembered: Option<u64>) -> Self {
        let lifetime = remembered.unwrap_or(self.lifetime);
        Self { lifetime, ..self }
    }

    /// Returns `true` if records say when they were saved and when they got their owner.
    pub(crate) fn is_stamped(&self) -> bool {
        self.owners == Owners::Listed
    }

    /// Returns when a session that is first saved now begins, if its record says so.
    pub(crate) fn begins(&self, now: u64) -> Option<u64> {
        (self.is_stamped() || self.absolute.is_some()).then_some(now)
    }

    /// Returns when a session expires that was created at `created` and is saved at `now`.
    pub(crate) fn expiry(&self, now: u64, created: Option<u64>) -> u64 {
        (now + self.lifetime).min(self.end(created).unwrap_or(u64::MAX))
    }

    /// Returns the absolute end of a session.
    pub(crate) fn end(&self, created: Option<u64>) -> Option<u64> {
        Some(created? + self.absolute?)
    }

    /// Returns `true` if a request that only reads the session must renew it. More than a lifetime is
    /// left if a release shortened the lifetime.
    pub(crate) fn is_due(&self, now: u64, expires: u64, created: Option<u64>) -> bool {
        let left = expires.saturating_sub(now);
        if left > self.lifetime {
            return true;
        }
        match self.renewal {
            Renewal::OnWrite => false,
            Renewal::OnUse => {
                left <= self.lifetime - self.lifetime / 10 && self.expiry(now, created) > expires
            }
            Renewal::Always => true,
        }
    }
}

impl Limit {
    /// Returns the maximum number of bytes of JSON.
    pub(crate) fn json(self) -> usize {
        match self {
            Self::None => usize::MAX,
            Self::Json(limit) => limit,
            Self::Cookie { name, is_encrypted } => {
                let (mark, seal) = overhead(is_encrypted);
                (4096 - 44 - mark - name) * 3 / 4 - seal
            }
        }
    }

    /// Checks a number of bytes of JSON against the limit.
    pub(crate) fn check(self, json: usize) -> Result<(), Failure> {
        let (size, limit) = match self {
            Self::None => return Ok(()),
            Self::Json(limit) => (json, limit),
            // base64 without padding, then a dot and 32 bytes in base64.
            Self::Cookie { name, is_encrypted } => {
                let (mark, seal) = overhead(is_encrypted);
                (name + mark + (4 * (json + seal)).div_ceil(3) + 44, 4096)
            }
        };
        if size > limit {
            return Err(Failure::TooLarge { size, limit });
        }
        Ok(())
    }
}

/// Returns what encryption adds: the bytes of a mark in front, and those of a nonce and a tag.
const fn overhead(is_encrypted: bool) -> (usize, usize) {
    if is_encrypted { (3, 24 + 16) } else { (0, 0) }
}

/// The kind of an error, in a form that the model can create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Decode,
    Encode,
    TooLarge { size: usize, limit: usize },
    Unavailable,
    Closed,
    Other(ErrorKind),
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::TooLarge { size, limit, .. } => Self::TooLarge { size, limit },
            ErrorKind::Decode => Self::Decode,
            ErrorKind::Encode => Self::Encode,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Closed => Self::Closed,
            kind => Self::Other(kind),
        }
    }
}

pub(crate) const MINUTE: u64 = 60_000;
