//! Checks of the secrets.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use session_core::SessionConfig;

use crate::doctor::check::Check;
use crate::doctor::settings::Settings;
use crate::output::count;
use crate::time::span;

pub(crate) fn primary(settings: &Settings<'_>) -> Check {
    let get = |name: &str| settings.variables.get(name);
    // Let the library decide which one it uses.
    let only_secret = |name: &str| (name == "SESSION_SECRET").then(|| get(name)).flatten();
    let file = settings.variables.file().secret();
    let (source, value) = if SessionConfig::from_vars(only_secret).is_ok() {
        (
            "SESSION_SECRET",
            get("SESSION_SECRET").map(OsStr::as_encoded_bytes),
        )
    } else if let Some(secret) = file {
        (
            "the secret in the configuration file",
            Some(secret.expose()),
        )
    } else {
        ("APP_KEY", get("APP_KEY").map(OsStr::as_encoded_bytes))
    };
    let value = value.unwrap_or_default();
    let new = "generate a new one with `session-tool key`";
    let distinct = value.iter().collect::<BTreeSet<_>>().len();
    if distinct < FEW_BYTES {
        let detail =
            format!("{source} is easy to guess: it has only {distinct} different characters");
        Check::warn("secret", detail, new)
    } else if is_quoted(value) {
        let detail =
            format!("{source} is wrapped in quotes, which the service takes as part of the secret");
        Check::warn(
            "secret",
            detail,
            "check where it is set; services that share sessions need exactly the same bytes",
        )
    } else if source == "APP_KEY" && get("SESSION_SECRET").is_some_and(|secret| !secret.is_empty())
    {
        let detail = "SESSION_SECRET is a placeholder, so the service uses APP_KEY";
        Check::warn("secret", detail, new)
    } else {
        let bytes = format!("{} bytes", value.len());
        let detail = match source {
            "APP_KEY" => format!("{bytes}, from APP_KEY"),
            _ if file.is_some() && source != "SESSION_SECRET" => {
                format!("{bytes}, from the configuration file")
            }
            _ => bytes,
        };
        Check::ok("secret", detail)
    }
}

/// Detects quotes that an env file may have added to a value.
fn is_quoted(value: &[u8]) -> bool {
    value.first() == value.last() && value.first().is_some_and(|first| b"\"'`".contains(first))
}

pub(crate) fn previous(settings: &Settings<'_>) -> Check {
    let list = settings
        .variables
        .get("SESSION_PREVIOUS_SECRETS")
        .and_then(OsStr::to_str);
    let secret = settings
        .variables
        .get("SESSION_SECRET")
        .and_then(OsStr::to_str);
    let repeats = list
        .unwrap_or_default()
        .split(',')
        .any(|previous| Some(previous) == secret);
    match settings.keys - 1 {
        0 => Check::ok("previous secrets", "none"),
        _ if repeats => Check::warn(
            "previous secrets",
            "SESSION_SECRET is one of them, so it was not changed",
            "generate a new SESSION_SECRET with `session-tool key`",
        ),
        n => {
            let lifetime = span(settings.lifetime);
            let detail = format!(
                "{} accepted; remove those that were replaced more than {lifetime} ago",
                count(n, "secret")
            );
            Check::ok("previous secrets", detail)
        }
    }
}

/// A random secret has more distinct characters than this.
const FEW_BYTES: usize = 8;
