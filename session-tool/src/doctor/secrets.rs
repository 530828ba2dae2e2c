//! The checks of the secrets.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use session_core::SessionConfig;

use crate::doctor::check::Check;
use crate::doctor::settings::Settings;
use crate::output::count;
use crate::time::span;

pub(crate) fn primary(settings: &Settings<'_>) -> Check {
    let get = |name: &str| settings.variables.get(name);
    // The library itself says which one it takes.
    let only_secret = |name: &str| (name == "SESSION_SECRET").then(|| get(name)).flatten();
    let source = if SessionConfig::from_vars(only_secret).is_ok() {
        "SESSION_SECRET"
    } else {
        "APP_KEY"
    };
    let value = get(source).map_or(&b""[..], OsStr::as_encoded_bytes);
    let new = "set a new one: `session-tool key` makes it";
    let kinds = value.iter().collect::<BTreeSet<_>>().len();
    if kinds < FEW_BYTES {
        let detail =
            format!("{source} is made of {kinds} different characters, so it can be guessed");
        Check::warn("secret", detail, new)
    } else if let Some(what) = stray(value) {
        let detail = format!("{source} has {what}, and that is part of the secret");
        Check::warn(
            "secret",
            detail,
            "check where it is set; every service that shares sessions must have the same bytes",
        )
    } else if source == "APP_KEY" && get("SESSION_SECRET").is_some_and(|secret| !secret.is_empty())
    {
        let detail = "SESSION_SECRET is a placeholder, so APP_KEY stands in";
        Check::warn("secret", detail, new)
    } else if source == "APP_KEY" {
        Check::ok(
            "secret",
            format!(
                "APP_KEY stands in for SESSION_SECRET, {} bytes",
                value.len()
            ),
        )
    } else {
        Check::ok("secret", format!("{} bytes, no placeholder", value.len()))
    }
}

/// What a shell or a file of variables may have left at the ends of a value.
fn stray(value: &[u8]) -> Option<&'static str> {
    let (first, last) = (*value.first()?, *value.last()?);
    if first == last && b"\"'`".contains(&first) {
        Some("quotes around it")
    } else if value.trim_ascii().len() < value.len() {
        Some("white space at its ends")
    } else {
        None
    }
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
            "SESSION_SECRET is among them, so it was not changed",
            "make a new SESSION_SECRET with `session-tool key`",
        ),
        n => {
            let lifetime = span(settings.lifetime);
            let detail = format!(
                "{} accepted; drop what was replaced more than {lifetime} ago",
                count(n, "secret")
            );
            Check::ok("previous secrets", detail)
        }
    }
}

/// A secret of random letters has more different ones.
const FEW_BYTES: usize = 8;
