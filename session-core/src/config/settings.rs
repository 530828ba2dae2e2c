//! The settings as data: from a file by serde, or from the environment.

use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::commit::lifetime::DEFAULT_IDLE;
use crate::cookie::secret::GENERATE;
use crate::{
    Builder, Caching, ConfigError, CookieOptions, Driver, Establish, KeyRing, OnOutage,
    OnSaveFailure, Opening, Renewal, Secret, SessionManager,
};

/// Which driver the configuration names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DriverName {
    /// The record lives in the client's cookie. The default.
    #[default]
    Cookie,
    /// Records live in this process's memory.
    Memory,
    /// Records live in Redis or Valkey.
    Redis,
}

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cookie => "cookie",
            Self::Memory => "memory",
            Self::Redis => "redis",
        })
    }
}

/// All settings of a session system as data.
///
/// Read it from the environment with [`from_env`](Self::from_env), under the names that
/// `@rudderjs/session` uses, or from any format of serde's. Times are in whole minutes.
///
/// # Examples
///
/// ```
/// use session_core::{MemoryDriver, SessionConfig};
///
/// let config: SessionConfig = serde_json::from_str(r#"{
///     "secret": "correct horse battery staple, and then some",
///     "lifetime": 30,
///     "cookie": { "name": "__Host-session", "same_site": "strict" }
/// }"#)?;
/// let manager = config.builder(MemoryDriver::new())?.build()?;
/// assert_eq!(manager.cookie_name(), "__Host-session");
/// assert_eq!(manager.lifetime().as_secs(), 30 * 60);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    pub(crate) driver: DriverName,
    pub(crate) secret: Option<Secret>,
    #[serde(deserialize_with = "secrets")]
    pub(crate) previous_secrets: Vec<Secret>,
    #[serde(deserialize_with = "minutes")]
    pub(crate) lifetime: Duration,
    #[serde(deserialize_with = "optional_minutes")]
    pub(crate) absolute_lifetime: Option<Duration>,
    pub(crate) cookie: CookieOptions,
    pub(crate) renewal: Renewal,
    pub(crate) establish: Establish,
    pub(crate) opening: Opening,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_save_failure: OnSaveFailure,
    pub(crate) caching: Caching,
    pub(crate) accept_without_expiry: bool,
    pub(crate) redis_url: Option<Hidden>,
    pub(crate) prefix: String,
}

/// A text that may hold a password.
#[derive(Clone)]
pub(crate) struct Hidden(pub(crate) String);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)
            .map(Self)
            .map_err(|_| D::Error::custom("redis_url: is no text"))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl SessionConfig {
    /// Sets the cookie's name and attributes.
    #[must_use]
    pub fn with_cookie(mut self, cookie: CookieOptions) -> Self {
        self.cookie = cookie;
        self
    }

    /// Sets the secret that signs: from the environment, say, where the rest is from a file.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Returns the cookie's name and attributes.
    #[must_use]
    pub const fn cookie(&self) -> &CookieOptions {
        &self.cookie
    }

    /// Returns which driver is asked for.
    #[must_use]
    pub const fn driver(&self) -> DriverName {
        self.driver
    }

    /// Returns where Redis is, if that is set.
    #[must_use]
    pub fn redis_url(&self) -> Option<&str> {
        self.redis_url.as_ref().map(|url| url.0.as_str())
    }

    /// Returns what the keys in a shared store start with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the ring of the configured secrets.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] when there is no secret.
    pub fn key_ring(&self) -> Result<KeyRing, ConfigError> {
        let secret = self.secret.clone().ok_or_else(|| missing("secret"))?;
        Ok(self
            .previous_secrets
            .iter()
            .cloned()
            .fold(KeyRing::new(secret), KeyRing::with_previous))
    }

    /// Starts building a manager with these settings and a driver that was made by them.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] when there is no secret.
    pub fn builder(&self, driver: impl Driver) -> Result<Builder, ConfigError> {
        let builder = SessionManager::builder(driver, self.key_ring()?)
            .cookie(self.cookie.clone())
            .lifetime(self.lifetime)
            .renewal(self.renewal)
            .establish(self.establish)
            .opening(self.opening)
            .on_outage(self.on_outage)
            .on_save_failure(self.on_save_failure)
            .caching(self.caching)
            .accept_without_expiry(self.accept_without_expiry);
        Ok(match self.absolute_lifetime {
            Some(lifetime) => builder.absolute_lifetime(lifetime),
            None => builder,
        })
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            driver: DriverName::default(),
            secret: None,
            previous_secrets: Vec::new(),
            lifetime: DEFAULT_IDLE,
            absolute_lifetime: None,
            cookie: CookieOptions::default(),
            renewal: Renewal::default(),
            establish: Establish::default(),
            opening: Opening::default(),
            on_outage: OnOutage::default(),
            on_save_failure: OnSaveFailure::default(),
            caching: Caching::default(),
            accept_without_expiry: false,
            redis_url: None,
            prefix: "session:".to_owned(),
        }
    }
}

/// From a text, checked as [`Secret::new`] does. An error does not repeat what was there instead.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).map(Zeroizing::new);
        let text = text.map_err(|_| D::Error::custom("secret: is no text"))?;
        Self::new(text.as_bytes()).map_err(D::Error::custom)
    }
}

/// As a list of secrets. serde's own error would repeat a secret that stands alone.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    struct Secrets;

    impl<'de> Visitor<'de> for Secrets {
        type Value = Vec<Secret>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Secret>, A::Error> {
            let mut secrets = Vec::new();
            while let Some(secret) = list.next_element()? {
                secrets.push(secret);
            }
            Ok(secrets)
        }

        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Vec<Secret>, E> {
            Err(E::custom(
                "previous_secrets: is one text, not a list of texts",
            ))
        }
    }

    deserializer.deserialize_any(Secrets)
}

pub(crate) fn missing(setting: &'static str) -> ConfigError {
    ConfigError::new(setting, "is missing", GENERATE)
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(from_minutes)
}

fn optional_minutes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(from_minutes))
}

pub(crate) const fn from_minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}
