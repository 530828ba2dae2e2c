//! The checks of the settings, without I/O.

use std::ffi::OsStr;
use std::time::Duration;

use session_cookie::CookieDriver;
use session_core::{ConfigError, DriverName, SessionConfig};

use crate::doctor::check::Check;
use crate::doctor::cookie::{self, Cookie};
use crate::doctor::secrets;
use crate::failure::Failure;
use crate::time::span;
use crate::variables::Variables;

/// What the checks look at.
pub(crate) struct Settings<'a> {
    pub(crate) variables: &'a Variables,
    pub(crate) driver: DriverName,
    pub(crate) cookie: Cookie,
    pub(crate) lifetime: Duration,
    pub(crate) keys: usize,
    pub(crate) is_production: bool,
}

/// What is checked, the variables that decide about it, and how. Where the library refuses one of them, its error stands
/// instead.
type Area = (
    &'static str,
    &'static [&'static str],
    fn(&Settings<'_>) -> Check,
);

const AREAS: [Area; 10] = [
    ("secret", &["SESSION_SECRET", "APP_KEY"], secrets::primary),
    (
        "previous secrets",
        &["SESSION_PREVIOUS_SECRETS"],
        secrets::previous,
    ),
    ("driver", &["SESSION_DRIVER"], driver),
    ("lifetime", &["SESSION_LIFETIME"], lifetime),
    ("cookie name", &["SESSION_COOKIE"], cookie::name),
    ("secure", &["SESSION_SECURE"], cookie::secure),
    ("same site", &["SESSION_SAME_SITE"], cookie::same_site),
    ("path", &["SESSION_PATH"], cookie::path),
    ("domain", &["SESSION_DOMAIN"], cookie::domain),
    (
        "redis settings",
        &["REDIS_URL", "SESSION_PREFIX"],
        redis_settings,
    ),
];

/// Checks what the library read of the variables, and what it refused.
pub(crate) fn checks(
    variables: &Variables,
    config: &SessionConfig,
    errors: &[ConfigError],
) -> Result<Vec<Check>, Failure> {
    let cookie = serde_json::to_value(config.cookie()).and_then(serde_json::from_value);
    let settings = Settings {
        variables,
        driver: config.driver(),
        cookie: cookie
            .map_err(|error| Failure::new(format!("cannot read the cookie's options ({error})")))?,
        lifetime: config.builder(CookieDriver)?.build()?.lifetime(),
        keys: config.key_ring()?.size(),
        is_production: ["APP_ENV", "NODE_ENV"].iter().any(|name| {
            variables
                .get(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("production"))
        }),
    };
    let mut checks = Vec::new();
    for (name, names, check) in AREAS {
        let before = checks.len();
        let refused = errors
            .iter()
            .filter(|error| names.contains(&error.setting()));
        checks.extend(refused.map(|error| {
            let detail = variables.explain(error);
            let detail = detail
                .strip_suffix(error.remedy())
                .map_or(&*detail, |detail| detail.trim_end_matches("; "));
            Check::fail(name, detail, error.remedy())
        }));
        let is_about_redis = name == "redis settings";
        if checks.len() == before && (!is_about_redis || settings.driver == DriverName::Redis) {
            checks.push(check(&settings));
        }
    }
    Ok(checks)
}

fn driver(settings: &Settings<'_>) -> Check {
    match settings.driver {
        DriverName::Cookie => Check::ok(
            "driver",
            "cookie: a logout does not reach copies of the cookie",
        ),
        DriverName::Memory => Check::warn(
            "driver",
            "memory: sessions end with the process, and no other process knows them",
            "use SESSION_DRIVER=redis, or cookie, for a service that matters",
        ),
        driver => Check::ok("driver", driver.to_string()),
    }
}

fn lifetime(settings: &Settings<'_>) -> Check {
    let lifetime = settings.lifetime;
    let detail = format!("{} without use", span(lifetime));
    if lifetime < SHORT {
        Check::warn(
            "lifetime",
            format!("{detail}: users are logged out while they read"),
            "raise SESSION_LIFETIME, in minutes",
        )
    } else if lifetime > BROWSERS {
        let remedy = "use at most 576000 minutes (RFC 6265bis, \"The Max-Age Attribute\")";
        Check::warn(
            "lifetime",
            format!("{detail}, but browsers keep no cookie longer than 400 d"),
            remedy,
        )
    } else if settings.driver == DriverName::Cookie && lifetime > IRREVOCABLE {
        let remedy = "lower SESSION_LIFETIME, in minutes, or use SESSION_DRIVER=redis";
        Check::warn(
            "lifetime",
            format!("{detail}, and a stolen cookie cannot be revoked"),
            remedy,
        )
    } else {
        Check::ok("lifetime", detail)
    }
}

fn redis_settings(settings: &Settings<'_>) -> Check {
    let is_unset = |name: &str| settings.variables.get(name).is_none_or(OsStr::is_empty);
    if settings
        .variables
        .get("SESSION_PREFIX")
        .is_some_and(OsStr::is_empty)
    {
        let remedy = "set SESSION_PREFIX, for example to session:";
        return Check::warn(
            "redis settings",
            "SESSION_PREFIX is empty: sessions cannot be told from other keys",
            remedy,
        );
    }
    let url = if is_unset("REDIS_URL") {
        "REDIS_URL is unset: this machine"
    } else {
        "REDIS_URL is set"
    };
    match settings.is_production && is_unset("REDIS_URL") {
        true => Check::warn(
            "redis settings",
            format!("{url}, in production"),
            "set REDIS_URL, if only to say so",
        ),
        false => Check::ok("redis settings", url),
    }
}

const SHORT: Duration = Duration::from_secs(5 * 60);
const DAY: u64 = 24 * 60 * 60;
/// Long for a key that nobody can take back.
const IRREVOCABLE: Duration = Duration::from_secs(7 * DAY);
const BROWSERS: Duration = Duration::from_secs(400 * DAY);
