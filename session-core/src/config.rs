//! The settings as data: from a file by serde, or from the environment.

use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::builder::Builder;
use crate::options::{
    Caching, DEFAULT_LIFETIME, Establish, OnOutage, OnSaveFailure, Opening, Renewal,
};
use crate::secret::is_placeholder;
use crate::{ConfigError, CookieOptions, Driver, KeyRing, SameSite, Secret, SessionManager};

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
    driver: DriverName,
    secret: Option<Secret>,
    #[serde(deserialize_with = "secrets")]
    previous_secrets: Vec<Secret>,
    #[serde(deserialize_with = "minutes")]
    lifetime: Duration,
    #[serde(deserialize_with = "optional_minutes")]
    absolute_lifetime: Option<Duration>,
    cookie: CookieOptions,
    renewal: Renewal,
    establish: Establish,
    opening: Opening,
    on_outage: OnOutage,
    on_save_failure: OnSaveFailure,
    caching: Caching,
    accept_without_expiry: bool,
    redis_url: Option<Hidden>,
    prefix: String,
}

/// A text that may hold a password.
#[derive(Clone)]
struct Hidden(String);

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
    /// Reads the settings from the environment.
    ///
    /// | Variable | Meaning | Default |
    /// |---|---|---|
    /// | `SESSION_DRIVER` | `cookie`, `memory` or `redis` | `cookie` |
    /// | `SESSION_SECRET` | the signing secret, at least 32 bytes | `APP_KEY` |
    /// | `APP_KEY` | stands in for a secret that is unset, empty or a placeholder; a prefix `base64:` is cut off | – |
    /// | `SESSION_PREVIOUS_SECRETS` | secrets still accepted, separated by commas; one that contains a comma can be set in code only | none |
    /// | `SESSION_LIFETIME` | minutes without use until a session ends | `120` |
    /// | `SESSION_COOKIE` | the cookie's name | `session` |
    /// | `SESSION_SECURE` | `true` or `false`: only over HTTPS | `true` |
    /// | `SESSION_SAME_SITE` | `lax`, `strict` or `none` | `lax` |
    /// | `SESSION_PATH` | the path below which the cookie is sent | `/` |
    /// | `SESSION_DOMAIN` | the cookie's domain; empty for this host only | this host only |
    /// | `REDIS_URL` | where Redis is | the driver's own |
    /// | `SESSION_PREFIX` | what the keys in Redis start with | `session:` |
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] naming the variable whose value is impossible or not UTF-8, or `SESSION_SECRET` where
    /// there is no secret at all.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(|name| std::env::var_os(name))
    }

    /// Reads the settings from the variables that `var` knows: [`from_env`](Self::from_env) for tests, or
    /// for variables from elsewhere.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars<V: Into<std::ffi::OsString>>(
        var: impl Fn(&str) -> Option<V>,
    ) -> Result<Self, ConfigError> {
        let var = |name: &'static str| {
            let Some(value) = var(name) else {
                return Ok(None);
            };
            let value = value
                .into()
                .into_string()
                .map_err(|_| ConfigError::new(name, "is not UTF-8", "set it anew"))?;
            Ok(Some(value))
        };
        let mut config = Self {
            secret: Some(read_secret(&var)?),
            ..Self::default()
        };
        if let Some(value) = var("SESSION_PREVIOUS_SECRETS")? {
            config.previous_secrets = value
                .split(',')
                .filter(|secret| !secret.is_empty())
                .map(|secret| {
                    if secret.trim() != secret {
                        let problem = "has white space beside a comma";
                        return Err(ConfigError::new(
                            "SESSION_PREVIOUS_SECRETS",
                            problem,
                            "separate the secrets by commas only",
                        ));
                    }
                    Secret::new(secret).map_err(|error| error.named("SESSION_PREVIOUS_SECRETS"))
                })
                .collect::<Result<_, _>>()?;
        }
        if let Some(value) = var("SESSION_DRIVER")? {
            config.driver = match &*value {
                "cookie" => DriverName::Cookie,
                "memory" => DriverName::Memory,
                "redis" => DriverName::Redis,
                _ => {
                    return Err(unknown(
                        "SESSION_DRIVER",
                        &value,
                        "use cookie, memory or redis",
                    ));
                }
            };
        }
        if let Some(value) = var("SESSION_LIFETIME")? {
            let minutes = value.parse().ok().filter(|minutes| *minutes > 0);
            let minutes = minutes.ok_or_else(|| {
                unknown(
                    "SESSION_LIFETIME",
                    &value,
                    "use a whole number of minutes, at least 1",
                )
            })?;
            config.lifetime = from_minutes(minutes);
        }
        if let Some(value) = var("SESSION_SECURE")? {
            config.cookie.secure = match &*value.to_ascii_lowercase() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(unknown("SESSION_SECURE", &value, "use true or false")),
            };
        }
        if let Some(value) = var("SESSION_SAME_SITE")? {
            config.cookie.same_site = match &*value.to_ascii_lowercase() {
                "lax" => SameSite::Lax,
                "strict" => SameSite::Strict,
                "none" => SameSite::None,
                _ => {
                    return Err(unknown(
                        "SESSION_SAME_SITE",
                        &value,
                        "use lax, strict or none",
                    ));
                }
            };
        }
        if let Some(name) = var("SESSION_COOKIE")? {
            config.cookie.name = name;
        }
        if let Some(path) = var("SESSION_PATH")? {
            config.cookie.path = path;
        }
        config.cookie.domain = var("SESSION_DOMAIN")?.filter(|domain| !domain.is_empty());
        config.redis_url = var("REDIS_URL")?.filter(|url| !url.is_empty()).map(Hidden);
        if let Some(prefix) = var("SESSION_PREFIX")? {
            config.prefix = prefix;
        }
        config
            .cookie
            .validate()
            .map_err(|error| match error.setting() {
                "cookie path" => error.named("SESSION_PATH"),
                "cookie domain" => error.named("SESSION_DOMAIN"),
                _ => error.named("SESSION_COOKIE"),
            })?;
        Ok(config)
    }

    /// Sets the cookie's name and attributes.
    #[must_use]
    pub fn with_cookie(mut self, cookie: CookieOptions) -> Self {
        self.cookie = cookie;
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
            lifetime: DEFAULT_LIFETIME,
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

fn read_secret(
    var: &impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
) -> Result<Secret, ConfigError> {
    let named = var("SESSION_SECRET")?;
    let is_usable = |secret: &str| !secret.trim().is_empty() && !is_placeholder(secret.as_bytes());
    if let Some(secret) = named.as_deref().filter(|secret| is_usable(secret)) {
        return Secret::new(secret).map_err(|error| error.named("SESSION_SECRET"));
    }
    match (var("APP_KEY")?.filter(|key| !key.trim().is_empty()), named) {
        (Some(key), _) => Secret::new(key.strip_prefix("base64:").unwrap_or(&key))
            .map_err(|error| error.named("APP_KEY")),
        (None, Some(secret)) => Secret::new(secret).map_err(|error| error.named("SESSION_SECRET")),
        (None, None) => Err(missing("SESSION_SECRET")),
    }
}

fn missing(setting: &'static str) -> ConfigError {
    ConfigError::new(
        setting,
        "is missing",
        "generate one with `openssl rand -base64 32`",
    )
}

fn unknown(variable: &'static str, value: &str, remedy: &'static str) -> ConfigError {
    ConfigError::new(variable, format!("{value:?} is not possible"), remedy)
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(from_minutes)
}

fn optional_minutes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(from_minutes))
}

const fn from_minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}
