//! The settings from the environment.

use super::settings::{Hidden, from_minutes, missing};
use crate::cookie::secret::{is_blank, is_placeholder};
use crate::{ConfigError, DriverName, SameSite, Secret, SessionConfig};

/// # From the environment
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
}

fn read_secret(
    var: &impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
) -> Result<Secret, ConfigError> {
    let named = var("SESSION_SECRET")?;
    let is_usable =
        |secret: &str| !is_blank(secret.as_bytes()) && !is_placeholder(secret.as_bytes());
    if let Some(secret) = named.as_deref().filter(|secret| is_usable(secret)) {
        return Secret::new(secret).map_err(|error| error.named("SESSION_SECRET"));
    }
    let key = var("APP_KEY")?.filter(|key| !is_blank(key.as_bytes()));
    match (key, named) {
        (Some(key), _) => Secret::new(key.strip_prefix("base64:").unwrap_or(&key))
            .map_err(|error| error.named("APP_KEY")),
        (None, Some(secret)) => Secret::new(secret).map_err(|error| error.named("SESSION_SECRET")),
        (None, None) => Err(missing("SESSION_SECRET")),
    }
}

fn unknown(variable: &'static str, value: &str, remedy: &'static str) -> ConfigError {
    ConfigError::new(variable, format!("{value:?} is not possible"), remedy)
}
