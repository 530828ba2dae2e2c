//! The settings as data.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::cookie::secret::GENERATE;
use crate::{
    Builder, ConfigError, CookieOptions, Driver, KeyRing, PlainRecords, Secret, SessionManager,
    Transport,
};

/// The driver that a configuration asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Records live in PostgreSQL.
    Postgres,
    /// Records live in MySQL or MariaDB.
    MySql,
    /// Records live in a file of SQLite.
    Sqlite,
}

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cookie => "cookie",
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        })
    }
}

/// All settings of a session system as data.
///
/// Read it from the environment with [`from_env`](Self::from_env), under the names that `@rudderjs/session` uses, or from
/// a file in any self-describing format that serde supports, such as JSON, TOML or YAML. [`with_env`](Self::with_env)
/// lets the environment replace what the file says. Lifetimes are in minutes, the grace period is in seconds.
///
/// # Security
///
/// An error about a setting names the setting. It repeats no secret and no password, whatever the format. An error about
/// the syntax of a file is the format's own, and may show the line: keep secrets in the environment if you log it.
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
#[derive(Clone, Debug, Default)]
pub struct SessionConfig {
    pub(crate) secret: Option<Secret>,
    pub(crate) previous_secrets: Vec<Secret>,
    pub(crate) cookie: CookieOptions,
    pub(crate) options: Options,
    pub(crate) store: StoreOptions,
    pub(crate) redis_url: Option<Redacted>,
    pub(crate) database_url: Option<Redacted>,
    /// Whether a service [printed](crate::Settings) these settings, so that no variable replaces them.
    pub(crate) is_effective: bool,
}

/// What the driver is made from, besides its URL.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StoreOptions {
    pub(crate) driver: DriverName,
    pub(crate) prefix: String,
    pub(crate) table: String,
    pub(crate) encrypt: bool,
    pub(crate) plain_records: PlainRecords,
    pub(crate) pad_cookie: bool,
}

/// A text that may hold a password.
#[derive(Clone)]
pub(crate) struct Redacted(pub(crate) String);

impl fmt::Debug for Redacted {
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

    /// Sets the secret that signs, for example from the environment when the rest comes from a file.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Returns the secret that signs, if it is set.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Returns the data key that says whose session it is, if it is set.
    #[must_use]
    pub fn owner_key(&self) -> Option<&str> {
        self.options.owner_key.as_deref()
    }

    /// Returns for how long a regenerated id is known as moved.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.options.grace
    }

    /// Returns where the token travels.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.options.transport
    }

    /// Returns the names of the headers that carry tokens: in the request and in the response.
    #[must_use]
    pub const fn token_headers(&self) -> (&str, &str) {
        let headers = self.options.token_headers;
        (headers.request, headers.response)
    }

    /// Returns the cookie's name and attributes.
    #[must_use]
    pub const fn cookie(&self) -> &CookieOptions {
        &self.cookie
    }

    /// Returns the driver that is asked for.
    #[must_use]
    pub const fn driver(&self) -> DriverName {
        self.store.driver
    }

    /// Returns the URL of Redis, if it is set.
    #[must_use]
    pub fn redis_url(&self) -> Option<&str> {
        self.redis_url.as_ref().map(|url| url.0.as_str())
    }

    /// Returns the URL of the SQL database, if it is set.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_ref().map(|url| url.0.as_str())
    }

    /// Returns the name of the table in a SQL database.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.store.table
    }

    /// Returns the prefix of all keys in a shared store.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.store.prefix
    }

    /// Returns `true` if sessions are to be encrypted: `encrypt`, or `SESSION_ENCRYPT`.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.store.encrypt
    }

    /// Returns what a driver that encrypts does with records that are not encrypted: `plain_records`, or
    /// `SESSION_PLAIN_RECORDS`.
    #[must_use]
    pub const fn plain_records(&self) -> PlainRecords {
        self.store.plain_records
    }

    /// Returns `true` if encrypted cookies are padded, so that their length tells less: `pad_cookie`.
    #[must_use]
    pub const fn pads_cookie(&self) -> bool {
        self.store.pad_cookie
    }

    /// Returns the key ring of the configured secrets.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if no secret is set.
    pub fn key_ring(&self) -> Result<KeyRing, ConfigError> {
        let secret = self.secret.clone().ok_or_else(|| missing("secret"))?;
        Ok(self
            .previous_secrets
            .iter()
            .cloned()
            .fold(KeyRing::new(secret), KeyRing::with_previous))
    }

    /// Starts building a manager with these settings and a driver made from them.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if no secret is set, or if the settings ask for encryption and the driver does not
    /// encrypt.
    pub fn builder(&self, driver: impl Driver) -> Result<Builder, ConfigError> {
        let encrypts = self.store.encrypt && self.store.plain_records != PlainRecords::Write;
        if encrypts && !driver.is_sealed() {
            return Err(ConfigError::new(
                "encrypt",
                "is on, but the driver does not encrypt",
                "wrap it in `Sealed`, use `CookieDriver::encrypted`, or turn it off",
            ));
        }
        let builder = SessionManager::builder(driver, self.key_ring()?).cookie(self.cookie.clone());
        Ok(builder.with_options(self.options.clone(), self.store.clone()))
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            driver: DriverName::default(),
            prefix: "session:".to_owned(),
            table: "sessions".to_owned(),
            encrypt: false,
            plain_records: PlainRecords::default(),
            pad_cookie: false,
        }
    }
}

pub(crate) fn missing(setting: &'static str) -> ConfigError {
    ConfigError::new(setting, "is not set", GENERATE)
}
