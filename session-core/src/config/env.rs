//! The settings from the environment.

use std::ffi::OsString;
use std::time::Duration;

use zeroize::Zeroizing;

use super::settings::{Redacted, missing};
use super::unit::Unit;
use crate::cookie::secret::{is_blank, is_placeholder};
use crate::{
    ConfigError, CookieOptions, DriverName, PlainRecords, SameSite, Secret, SessionConfig,
    Transport,
};

/// # From the environment
impl SessionConfig {
    /// Reads the settings from the environment.
    ///
    /// | Variable | Meaning | Default |
    /// |---|---|---|
    /// | `SESSION_DRIVER` | `cookie`, `memory`, `redis`, `postgres`, `mysql` or `sqlite` | `cookie` |
    /// | `SESSION_SECRET` | the signing secret, at least 32 bytes | `APP_KEY` |
    /// | `APP_KEY` | used if the secret is unset, empty or a placeholder; the prefix `base64:` is removed | – |
    /// | `SESSION_PREVIOUS_SECRETS` | secrets that are still accepted, separated by commas; a secret that contains a comma can only be set in code | none |
    /// | `SESSION_LIFETIME` | minutes without use until a session ends | `120` |
    /// | `SESSION_GRACE` | seconds for which a regenerated id is known as moved | `10` |
    /// | `SESSION_OWNER_KEY` | the data key that says whose session it is, such as `user_id` | none |
    /// | `SESSION_TRANSPORT` | `cookie`, `header` or `both`: where the token travels | `cookie` |
    /// | `SESSION_COOKIE` | the cookie's name | `session` |
    /// | `SESSION_SECURE` | `true` or `false`: only over HTTPS | `true` |
    /// | `SESSION_SAME_SITE` | `lax`, `strict` or `none` | `lax` |
    /// | `SESSION_PATH` | the path below which the cookie is sent | `/` |
    /// | `SESSION_DOMAIN` | the cookie's domain; empty for this host only | this host only |
    /// | `SESSION_ENCRYPT` | `true` or `false`: encrypt sessions, in the cookie or in the store | `false` |
    /// | `SESSION_PLAIN_RECORDS` | with encryption, what happens to sessions that are not encrypted: `refuse`, `accept` or `write` ([`PlainRecords`](crate::PlainRecords)) | `refuse` |
    /// | `REDIS_URL` | the URL of Redis | the driver's own |
    /// | `SESSION_PREFIX` | the prefix of all keys in Redis | `session:` |
    /// | `DATABASE_URL` | the URL of the SQL database | – |
    /// | `SESSION_TABLE` | the table in the SQL database, with a schema before a dot if needed | `sessions` |
    ///
    /// The placeholders are `change-me-in-production`, `change-me`, `changeme` and `secret`, in any letter case.
    /// `@rudderjs/session` falls back to `APP_KEY` for the first one only, and signs with the others. Because anyone can
    /// guess them, this library does not.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the variable if its value is invalid or not UTF-8, or `SESSION_SECRET` if
    /// there is no secret at all.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::default().with_env()
    }

    /// Reads the settings from the variables that `var` returns: [`from_env`](Self::from_env) for tests, or for variables
    /// from elsewhere.
    ///
    /// # Errors
    ///
    /// The same as [`from_env`](Self::from_env).
    pub fn from_vars<V: Into<OsString>>(
        var: impl Fn(&str) -> Option<V>,
    ) -> Result<Self, ConfigError> {
        Self::default().with_vars(var)
    }

    /// Replaces each setting whose environment variable is set, so that the environment decides over a file. The
    /// variables are those of [`from_env`](Self::from_env).
    ///
    /// `APP_KEY` does not replace a secret, and an empty `SESSION_OWNER_KEY`, `REDIS_URL` or `DATABASE_URL` counts as unset.
    /// If a service [printed](crate::Settings) these settings, only the secrets and the URLs come from the environment.
    ///
    /// # Errors
    ///
    /// The same as [`from_env`](Self::from_env).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_core::SessionConfig;
    ///
    /// let file = std::fs::read_to_string("session.json")?;
    /// let config: SessionConfig = serde_json::from_str(&file)?;
    /// let config = config.with_env()?; // SESSION_SECRET, and what else is set
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_env(self) -> Result<Self, ConfigError> {
        self.with_vars(|name| std::env::var_os(name))
    }

    /// Replaces each setting whose variable `var` returns: [`with_env`](Self::with_env) for tests, or for variables from
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// The same as [`from_env`](Self::from_env).
    pub fn with_vars<V: Into<OsString>>(
        self,
        var: impl Fn(&str) -> Option<V>,
    ) -> Result<Self, ConfigError> {
        let is_effective = self.is_effective;
        let var = |name: &'static str| {
            if is_effective && !NEVER_PRINTED.contains(&name) {
                return Ok(None);
            }
            let Some(value) = var(name) else {
                return Ok(None);
            };
            let value = value
                .into()
                .into_string()
                .map_err(|_| ConfigError::new(name, "is not UTF-8", "set it again"))?;
            Ok(Some(value))
        };
        let mut config = self;
        config.secret = Some(read_secret(&var, config.secret)?);
        if let Some(secrets) = read_previous_secrets(&var)? {
            config.previous_secrets = secrets;
        }
        if let Some(value) = var("SESSION_DRIVER")? {
            config.store.driver = match &*value {
                "cookie" => DriverName::Cookie,
                "memory" => DriverName::Memory,
                "redis" => DriverName::Redis,
                "postgres" => DriverName::Postgres,
                "mysql" => DriverName::MySql,
                "sqlite" => DriverName::Sqlite,
                _ => {
                    let remedy = "use cookie, memory, redis, postgres, mysql or sqlite";
                    return Err(invalid("SESSION_DRIVER", &value, remedy));
                }
            };
        }
        if let Some(value) = var("SESSION_LIFETIME")? {
            let minutes = value.parse().ok().filter(|minutes| *minutes > 0);
            let remedy = "use a whole number of minutes, at least 1";
            let minutes = minutes.ok_or_else(|| invalid("SESSION_LIFETIME", &value, remedy))?;
            config.options.lifetimes.idle = Unit::Minutes.whole(minutes);
        }
        if let Some(value) = var("SESSION_GRACE")? {
            let remedy = "use a whole number of seconds";
            let seconds = value
                .parse()
                .map_err(|_| invalid("SESSION_GRACE", &value, remedy))?;
            config.options.grace = Duration::from_secs(seconds);
        }
        let set = |name| Ok(var(name)?.filter(|value| !value.is_empty()));
        if let Some(key) = set("SESSION_OWNER_KEY")? {
            config.options.owner_key = Some(key.into());
        }
        if let Some(value) = var("SESSION_TRANSPORT")? {
            config.options.transport = match &*value.to_ascii_lowercase() {
                "cookie" => Transport::Cookie,
                "header" => Transport::Header,
                "both" => Transport::Both,
                _ => {
                    let remedy = "use cookie, header or both";
                    return Err(invalid("SESSION_TRANSPORT", &value, remedy));
                }
            };
        }
        if let Some(value) = var("SESSION_ENCRYPT")? {
            config.store.encrypt = read_bool("SESSION_ENCRYPT", &value)?;
        }
        if let Some(value) = var("SESSION_PLAIN_RECORDS")? {
            config.store.plain_records = match &*value.to_ascii_lowercase() {
                "refuse" => PlainRecords::Refuse,
                "accept" => PlainRecords::Accept,
                "write" => PlainRecords::Write,
                _ => {
                    let remedy = "use refuse, accept or write";
                    return Err(invalid("SESSION_PLAIN_RECORDS", &value, remedy));
                }
            };
        }
        if let Some(url) = set("REDIS_URL")? {
            config.redis_url = Some(Redacted(url));
        }
        if let Some(url) = set("DATABASE_URL")? {
            config.database_url = Some(Redacted(url));
        }
        if let Some(table) = var("SESSION_TABLE")? {
            config.store.table = table;
        }
        if let Some(prefix) = var("SESSION_PREFIX")? {
            config.store.prefix = prefix;
        }
        config.cookie = read_cookie(&var, config.cookie)?;
        Ok(config)
    }
}

type Var<'a> = &'a dyn Fn(&'static str) -> Result<Option<String>, ConfigError>;

fn read_cookie(var: Var<'_>, mut cookie: CookieOptions) -> Result<CookieOptions, ConfigError> {
    if let Some(value) = var("SESSION_SECURE")? {
        cookie.secure = read_bool("SESSION_SECURE", &value)?;
    }
    if let Some(value) = var("SESSION_SAME_SITE")? {
        cookie.same_site = match &*value.to_ascii_lowercase() {
            "lax" => SameSite::Lax,
            "strict" => SameSite::Strict,
            "none" => SameSite::None,
            _ => {
                let remedy = "use lax, strict or none";
                return Err(invalid("SESSION_SAME_SITE", &value, remedy));
            }
        };
    }
    if let Some(name) = var("SESSION_COOKIE")? {
        cookie.name = name;
    }
    if let Some(path) = var("SESSION_PATH")? {
        cookie.path = path;
    }
    if let Some(domain) = var("SESSION_DOMAIN")? {
        cookie.domain = Some(domain).filter(|domain| !domain.is_empty());
    }
    cookie.validate().map_err(|error| {
        let variable = match error.setting() {
            "cookie path" => "SESSION_PATH",
            "cookie domain" => "SESSION_DOMAIN",
            _ => "SESSION_COOKIE",
        };
        match var(variable) {
            Ok(Some(_)) => error.named(variable),
            // The file's.
            _ => error,
        }
    })?;
    Ok(cookie)
}

/// Reads the secret. `known` is the file's.
fn read_secret(var: Var<'_>, known: Option<Secret>) -> Result<Secret, ConfigError> {
    let named = var("SESSION_SECRET")?.map(Zeroizing::new);
    let is_usable =
        |secret: &str| !is_blank(secret.as_bytes()) && !is_placeholder(secret.as_bytes());
    let read = |name: &'static str, secret: &str| {
        Secret::from_text(secret).map_err(|error| error.named(name))
    };
    if let Some(secret) = named.as_deref().filter(|secret| is_usable(secret)) {
        return read("SESSION_SECRET", secret);
    }
    if let Some(secret) = known {
        return Ok(secret);
    }
    let key = var("APP_KEY")?.map(Zeroizing::new);
    match (key.filter(|key| !is_blank(key.as_bytes())), named) {
        (Some(key), _) => read("APP_KEY", key.strip_prefix("base64:").unwrap_or(&key)),
        (None, Some(secret)) => read("SESSION_SECRET", &secret),
        (None, None) => Err(missing("SESSION_SECRET")),
    }
}

fn read_previous_secrets(var: Var<'_>) -> Result<Option<Vec<Secret>>, ConfigError> {
    let Some(secrets) = var("SESSION_PREVIOUS_SECRETS")?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let read =
        |secret| Secret::from_text(secret).map_err(|error| error.named("SESSION_PREVIOUS_SECRETS"));
    secrets
        .split(',')
        .filter(|secret| !secret.is_empty())
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_bool(variable: &'static str, value: &str) -> Result<bool, ConfigError> {
    match &*value.to_ascii_lowercase() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid(variable, value, "use true or false")),
    }
}

fn invalid(variable: &'static str, value: &str, remedy: &'static str) -> ConfigError {
    ConfigError::new(variable, format!("{value:?} is invalid"), remedy)
}

/// The variables whose settings no service prints.
const NEVER_PRINTED: [&str; 5] = [
    "SESSION_SECRET",
    "APP_KEY",
    "SESSION_PREVIOUS_SECRETS",
    "REDIS_URL",
    "DATABASE_URL",
];
