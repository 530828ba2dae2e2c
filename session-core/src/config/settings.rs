//! The settings as data.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::options::{DEFAULT_GRACE, DEFAULT_MAX_BYTES};
use crate::commit::lifetime::DEFAULT_IDLE;
use crate::cookie::secret::GENERATE;
use crate::{
    Builder, Caching, ClearSiteData, ConfigError, CookieOptions, Driver, Establish, KeyRing,
    OnOutage, OnSaveFailure, Opening, PlainRecords, Renewal, Secret, SessionManager, Transport,
};

/// The driver that a configuration asks for.
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
/// a file in any self-describing format that serde supports, such as JSON, TOML or YAML. Lifetimes are in whole minutes,
/// the grace period is in whole seconds.
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
#[derive(Clone, Debug)]
pub struct SessionConfig {
    pub(crate) driver: DriverName,
    pub(crate) secret: Option<Secret>,
    pub(crate) previous_secrets: Vec<Secret>,
    pub(crate) lifetime: Duration,
    pub(crate) absolute_lifetime: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) owner_key: Option<String>,
    pub(crate) sessions_per_owner: Option<usize>,
    pub(crate) max_bytes: usize,
    pub(crate) cookie: CookieOptions,
    pub(crate) renewal: Renewal,
    pub(crate) establish: Establish,
    pub(crate) opening: Opening,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_save_failure: OnSaveFailure,
    pub(crate) caching: Caching,
    pub(crate) transport: Transport,
    pub(crate) clear_site_data: ClearSiteData,
    pub(crate) accept_without_expiry: bool,
    pub(crate) encrypt: bool,
    pub(crate) plain_records: PlainRecords,
    pub(crate) pad_cookie: bool,
    pub(crate) redis_url: Option<Redacted>,
    pub(crate) prefix: String,
    pub(crate) database_url: Option<Redacted>,
    pub(crate) table: String,
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

    /// Returns the cookie's name and attributes.
    #[must_use]
    pub const fn cookie(&self) -> &CookieOptions {
        &self.cookie
    }

    /// Returns the driver that is asked for.
    #[must_use]
    pub const fn driver(&self) -> DriverName {
        self.driver
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
        &self.table
    }

    /// Returns the prefix of all keys in a shared store.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns `true` if sessions are to be encrypted: `encrypt`, or `SESSION_ENCRYPT`.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.encrypt
    }

    /// Returns what a driver that encrypts does with records that are not encrypted: `plain_records`, or
    /// `SESSION_PLAIN_RECORDS`.
    #[must_use]
    pub const fn plain_records(&self) -> PlainRecords {
        self.plain_records
    }

    /// Returns `true` if encrypted cookies are padded, so that their length tells less: `pad_cookie`.
    #[must_use]
    pub const fn pads_cookie(&self) -> bool {
        self.pad_cookie
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
        let encrypts = self.encrypt && self.plain_records != PlainRecords::Write;
        if encrypts && !driver.is_sealed() {
            return Err(ConfigError::new(
                "encrypt",
                "is on, but the driver does not encrypt",
                "wrap it in `Sealed`, use `CookieDriver::encrypted`, or turn it off",
            ));
        }
        let builder = SessionManager::builder(driver, self.key_ring()?)
            .cookie(self.cookie.clone())
            .lifetime(self.lifetime)
            .renewal(self.renewal)
            .grace(self.grace)
            .max_bytes(self.max_bytes)
            .establish(self.establish)
            .opening(self.opening)
            .on_outage(self.on_outage)
            .on_save_failure(self.on_save_failure)
            .caching(self.caching)
            .transport(self.transport)
            .clear_site_data(self.clear_site_data)
            .accept_without_expiry(self.accept_without_expiry);
        let builder = match self.absolute_lifetime {
            Some(lifetime) => builder.absolute_lifetime(lifetime),
            None => builder,
        };
        let builder = match &self.owner_key {
            Some(key) => builder.owner_key(key),
            None => builder,
        };
        Ok(match self.sessions_per_owner {
            Some(limit) => builder.sessions_per_owner(limit),
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
            grace: DEFAULT_GRACE,
            owner_key: None,
            sessions_per_owner: None,
            max_bytes: DEFAULT_MAX_BYTES,
            cookie: CookieOptions::default(),
            renewal: Renewal::default(),
            establish: Establish::default(),
            opening: Opening::default(),
            on_outage: OnOutage::default(),
            on_save_failure: OnSaveFailure::default(),
            caching: Caching::default(),
            transport: Transport::default(),
            clear_site_data: ClearSiteData::default(),
            accept_without_expiry: false,
            encrypt: false,
            plain_records: PlainRecords::default(),
            pad_cookie: false,
            redis_url: None,
            prefix: "session:".to_owned(),
            database_url: None,
            table: "sessions".to_owned(),
        }
    }
}

pub(crate) fn missing(setting: &'static str) -> ConfigError {
    ConfigError::new(setting, "is not set", GENERATE)
}

pub(crate) const fn from_minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}
