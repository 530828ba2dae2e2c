//! Reading the settings by serde.
//!
//! Formats with spans, such as TOML, add the line to an error that a field reports, and the line may hold a secret. So the
//! whole is read into a plain value first, which cannot fail for a field's sake, and judged afterwards.

use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::options::TokenHeaders;
use super::settings::Redacted;
use super::unit::Unit;
use crate::{ConfigError, CookieOptions, Secret, SessionConfig};

impl<'de> Deserialize<'de> for SessionConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)
            .map_err(|_| D::Error::custom("the settings are not a table of keys and values"))?;
        let config = from_value(&mut value).map_err(D::Error::custom);
        wipe(&mut value);
        config
    }
}

/// Checked like [`Secret::new`]. An error does not repeat what was there instead.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)
            .map_err(|_| D::Error::custom("secret: cannot be read"))?;
        let secret = secret("secret", &value).map_err(D::Error::custom);
        wipe(&mut value);
        secret
    }
}

fn from_value(value: &mut Value) -> Result<SessionConfig, ConfigError> {
    let Value::Object(fields) = value else {
        return Err(ConfigError::new(
            "the settings",
            format!("are {}", kind(value)),
            "write a table of keys and values",
        ));
    };
    let mut config = SessionConfig::default();
    match fields.get("secret") {
        None | Some(Value::Null) => {}
        Some(value) => config.secret = Some(secret("secret", value)?),
    }
    if let Some(value) = fields.get("previous_secrets") {
        let Value::Array(secrets) = value else {
            return Err(wrong("previous_secrets", value, "a list of strings"));
        };
        config.previous_secrets = secrets
            .iter()
            .map(|value| secret("previous_secrets", value))
            .collect::<Result<_, _>>()?;
    }
    let url = |name| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(url)) => Ok(Some(Redacted(url.clone()))),
        Some(value) => Err(wrong(name, value, "a string")),
    };
    config.redis_url = url("redis_url")?;
    config.database_url = url("database_url")?;
    let (options, store) = (&mut config.options, &mut config.store);
    let lifetimes = &mut options.lifetimes;
    if let Some(lifetime) = duration(fields, "lifetime", Unit::Minutes)? {
        lifetimes.idle = lifetime;
    }
    if let Some(lifetime) = duration(fields, "absolute_lifetime", Unit::Minutes)? {
        lifetimes.absolute = Some(lifetime);
    }
    if let Some(grace) = duration(fields, "grace", Unit::Seconds)? {
        options.grace = grace;
    }
    read(fields, "owner_key", &mut options.owner_key)?;
    if let Some(limit) = limit(fields, "sessions_per_owner")? {
        options.sessions_per_owner = Some(limit);
    }
    read(fields, "max_bytes", &mut options.max_bytes)?;
    match fields.get("cookie") {
        None => {}
        Some(Value::Object(fields)) => config.cookie = read_cookie(fields)?,
        Some(value) => return Err(wrong("cookie", value, "a table")),
    }
    match fields.get("token_headers") {
        None => {}
        Some(Value::Object(fields)) => read_token_headers(fields, &mut options.token_headers)?,
        Some(value) => return Err(wrong("token_headers", value, "a table")),
    }
    read(fields, "renewal", &mut lifetimes.renewal)?;
    read(fields, "establish", &mut options.establish)?;
    read(fields, "opening", &mut options.opening)?;
    read(fields, "on_outage", &mut options.on_outage)?;
    read(fields, "on_save_failure", &mut options.on_save_failure)?;
    read(fields, "caching", &mut options.caching)?;
    read(fields, "transport", &mut options.transport)?;
    read(fields, "clear_site_data", &mut options.clear_site_data)?;
    read(
        fields,
        "accept_without_expiry",
        &mut lifetimes.accept_without_expiry,
    )?;
    read(fields, "driver", &mut store.driver)?;
    read(fields, "encrypt", &mut store.encrypt)?;
    read(fields, "plain_records", &mut store.plain_records)?;
    read(fields, "pad_cookie", &mut store.pad_cookie)?;
    read(fields, "prefix", &mut store.prefix)?;
    read(fields, "table", &mut store.table)?;
    read(fields, "effective", &mut config.is_effective)?;
    known(fields, "", &NAMES)?;
    Ok(config)
}

fn read_cookie(fields: &Map<String, Value>) -> Result<CookieOptions, ConfigError> {
    let mut cookie = CookieOptions::default();
    read(fields, "cookie.name", &mut cookie.name)?;
    read(fields, "cookie.path", &mut cookie.path)?;
    read(fields, "cookie.domain", &mut cookie.domain)?;
    read(fields, "cookie.secure", &mut cookie.secure)?;
    read(fields, "cookie.http_only", &mut cookie.http_only)?;
    read(fields, "cookie.same_site", &mut cookie.same_site)?;
    read(fields, "cookie.partitioned", &mut cookie.partitioned)?;
    read(fields, "cookie.persistent", &mut cookie.persistent)?;
    known(fields, "cookie.", &COOKIE_NAMES)?;
    Ok(cookie)
}

fn read_token_headers(
    fields: &Map<String, Value>,
    headers: &mut TokenHeaders,
) -> Result<(), ConfigError> {
    for (path, header) in [
        ("token_headers.request", &mut headers.request),
        ("token_headers.response", &mut headers.response),
    ] {
        let mut name = (*header).to_owned();
        read(fields, path, &mut name)?;
        *header = TokenHeaders::lasting(path, &name)?;
    }
    known(fields, "token_headers.", &["request", "response"])
}

/// Fails for a key that is not a setting.
fn known(
    fields: &Map<String, Value>,
    table: &str,
    names: &[&'static str],
) -> Result<(), ConfigError> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(ConfigError::new(
            format!("{table}{name}"),
            "is not a setting",
            format!("use {}", names.join(", ")),
        )),
        None => Ok(()),
    }
}

/// Reads a setting, if it is there. `name` is its path.
fn read<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    name: &'static str,
    setting: &mut T,
) -> Result<(), ConfigError> {
    let key = name.rsplit('.').next().unwrap_or(name);
    if let Some(value) = fields.get(key) {
        *setting = T::deserialize(value).map_err(|error| {
            // The text before that repeats the value, which may be a secret under a wrong key.
            let error = error.to_string();
            let expected = error.rsplit_once(", expected ");
            wrong(
                name,
                value,
                expected.map_or("another value", |(_, expected)| expected),
            )
        })?;
    }
    Ok(())
}

fn duration(
    fields: &Map<String, Value>,
    name: &'static str,
    unit: Unit,
) -> Result<Option<Duration>, ConfigError> {
    let duration = |value: &Value| match value.as_u64() {
        Some(whole) => Some(unit.whole(whole)),
        None => unit.fraction(value.as_f64()?),
    };
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => duration(value)
            .map(Some)
            .ok_or_else(|| wrong(name, value, &format!("a number of {}", unit.name()))),
    }
}

fn limit(fields: &Map<String, Value>, name: &'static str) -> Result<Option<usize>, ConfigError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(limit) => Ok(Some(usize::try_from(limit).unwrap_or(usize::MAX))),
            None => Err(wrong(name, value, "a whole number of sessions")),
        },
    }
}

fn secret(name: &'static str, value: &Value) -> Result<Secret, ConfigError> {
    match value {
        Value::String(text) => Secret::from_text(text).map_err(|error| error.named(name)),
        value => Err(wrong(name, value, "a string")),
    }
}

/// A value of the wrong type, which is not repeated: it may be a secret.
fn wrong(name: &'static str, value: &Value, expected: &str) -> ConfigError {
    ConfigError::new(
        name,
        format!("is {}", kind(value)),
        format!("write {expected}"),
    )
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// Wipes every text: one of them is the secret.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

const COOKIE_NAMES: [&str; 8] = [
    "name",
    "path",
    "domain",
    "secure",
    "http_only",
    "same_site",
    "partitioned",
    "persistent",
];
const NAMES: [&str; 28] = [
    "driver",
    "secret",
    "previous_secrets",
    "lifetime",
    "absolute_lifetime",
    "grace",
    "owner_key",
    "sessions_per_owner",
    "max_bytes",
    "cookie",
    "renewal",
    "establish",
    "opening",
    "on_outage",
    "on_save_failure",
    "caching",
    "transport",
    "token_headers",
    "clear_site_data",
    "accept_without_expiry",
    "encrypt",
    "plain_records",
    "pad_cookie",
    "redis_url",
    "prefix",
    "database_url",
    "table",
    "effective",
];
