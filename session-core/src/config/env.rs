//! The settings from the environment.

use std::ffi::OsString;
use std::time::Duration;

use zeroize::Zeroizing;

use super::settings::{Redacted, from_minutes, missing};
use crate::cookie::secret::{is_blank, is_placeholder};
use crate::{
    ConfigError, CookieOptions, DriverName, PlainRecords, SameSite, Secret, SessionConfig,
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
        Self::from_vars(|name| std::env::var_os(name))
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
        let var = |name: &'static str| {
            let Some(value) = var(name) else {
                return Ok(None);
            };
            let value = value
                .into()
                .into_string()
                .map_err(|_| ConfigError::new(name, "is not UTF-8", "set it again"))?;
            Ok(Some(value))
        };
        let mut config = Self {
            secret: Some(read_secret(&var)?),
            previous_secrets: read_previous_secrets(&var)?,
            ..Self::default()
        };
        if let Some(value) = var("SESSION_DRIVER")? {
            config.driver = match &*value {
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
            config.lifetime = from_minutes(minutes);
        }
        if let Some(value) = var("SESSION_GRACE")? {
            let remedy = "use a whole number of seconds";
            let seconds = value
                .parse()
                .map_err(|_| invalid("SESSION_GRACE", &value, remedy))?;
            config.grace = Duration::from_secs(seconds);
        }
        config.owner_key = var("SESSION_OWNER_KEY")?.filter(|key| !key.is_empty());
        if let Some(value) = var("SESSION_ENCRYPT")? {
            config.encrypt = read_bool("SESSION_ENCRYPT", &value)?;
        }
        if let Some(value) = var("SESSION_PLAIN_RECORDS")? {
            config.plain_records = match &*value.to_ascii_lowercase() {
                "refuse" => PlainRecords::Refuse,
                "accept" => PlainRecords::Accept,
                "write" => PlainRecords::Write,
                _ => {
                    let remedy = "use refuse, accept or write";
                    return Err(invalid("SESSION_PLAIN_RECORDS", &value, remedy));
                }
            };
        }
        let url = |name| Ok(var(name)?.filter(|url| !url.is_empty()).map(Redacted));
        config.redis_url = url("REDIS_URL")?;
        config.database_url = url("DATABASE_URL")?;
        if let Some(table) = var("SESSION_TABLE")? {
            config.table = table;
        }
        if let Some(prefix) = var("SESSION_PREFIX")? {
            config.prefix = prefix;
        }
        config.cookie = read_cookie(&var)?;
        Ok(config)
    }
}

type Var<'a> = &'a dyn Fn(&'static str) -> Result<Option<String>, ConfigError>;

fn read_cookie(var: Var<'_>) -> Result<CookieOptions, ConfigError> {
    let mut cookie = CookieOptions::default();
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
    cookie.domain = var("SESSION_DOMAIN")?.filter(|domain| !domain.is_empty());
    cookie.validate().map_err(|error| match error.setting() {
        "cookie path" => error.named("SESSION_PATH"),
        "cookie domain" => error.named("SESSION_DOMAIN"),
        _ => error.named("SESSION_COOKIE"),
    })?;
    Ok(cookie)
}

fn read_secret(var: Var<'_>) -> Result<Secret, ConfigError> {
    let named = var("SESSION_SECRET")?.map(Zeroizing::new);
    let is_usable =
        |secret: &str| !is_blank(secret.as_bytes()) && !is_placeholder(secret.as_bytes());
    let read = |name: &'static str, secret: &str| {
        Secret::from_text(secret).map_err(|error| error.named(name))
    };
    if let Some(secret) = named.as_deref().filter(|secret| is_usable(secret)) {
        return read("SESSION_SECRET", secret);
    }
    let key = var("APP_KEY")?.map(Zeroizing::new);
    match (key.filter(|key| !is_blank(key.as_bytes())), named) {
        (Some(key), _) => read("APP_KEY", key.strip_prefix("base64:").unwrap_or(&key)),
        (None, Some(secret)) => read("SESSION_SECRET", &secret),
        (None, None) => Err(missing("SESSION_SECRET")),
    }
}

fn read_previous_secrets(var: Var<'_>) -> Result<Vec<Secret>, ConfigError> {
    let secrets = var("SESSION_PREVIOUS_SECRETS")?.map(Zeroizing::new);
    secrets
        .as_deref()
        .map_or("", String::as_str)
        .split(',')
        .filter(|secret| !secret.is_empty())
        .map(|secret| {
            Secret::from_text(secret).map_err(|error| error.named("SESSION_PREVIOUS_SECRETS"))
        })
        .collect()
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
