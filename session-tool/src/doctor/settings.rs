//! Checks of the settings, without I/O.

use std::time::Duration;

use session_core::{ConfigError, DriverName, PlainRecords, SessionConfig, Transport};

use crate::doctor::check::Check;
use crate::doctor::cookie::{self, Cookie};
use crate::doctor::secrets;
use crate::driver;
use crate::failure::Failure;
use crate::time::span;
use crate::variables::Variables;

/// The input of the checks.
pub(crate) struct Settings<'a> {
    pub(crate) variables: &'a Variables,
    pub(crate) config: &'a SessionConfig,
    pub(crate) driver: DriverName,
    pub(crate) cookie: Cookie,
    pub(crate) lifetime: Duration,
    pub(crate) keys: usize,
    /// `None` if sessions are not encrypted.
    pub(crate) encryption: Option<PlainRecords>,
    pub(crate) is_production: bool,
}

/// The name of a check, the variables it is about, and how it works. If the library rejects one of the variables, its error
/// takes the check's place.
type Area = (
    &'static str,
    &'static [&'static str],
    fn(&Settings<'_>) -> Check,
);

const AREAS: [Area; 14] = [
    ("secret", &["SESSION_SECRET", "APP_KEY"], secrets::primary),
    (
        "previous secrets",
        &["SESSION_PREVIOUS_SECRETS"],
        secrets::previous,
    ),
    ("driver", &["SESSION_DRIVER"], driver_name),
    (
        "encryption",
        &["SESSION_ENCRYPT", "SESSION_PLAIN_RECORDS"],
        encryption,
    ),
    ("lifetime", &["SESSION_LIFETIME"], lifetime),
    ("grace", &["SESSION_GRACE"], grace),
    ("owner key", &["SESSION_OWNER_KEY"], owner_key),
    ("transport", &["SESSION_TRANSPORT"], transport),
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

/// Reports the settings that the library rejects, and checks the others.
pub(crate) fn checks(
    variables: &Variables,
    config: &SessionConfig,
    errors: &[ConfigError],
) -> Result<Vec<Check>, Failure> {
    let cookie = serde_json::to_value(config.cookie()).and_then(serde_json::from_value);
    let settings = Settings {
        variables,
        config,
        driver: config.driver(),
        cookie: cookie
            .map_err(|error| Failure::new(format!("cannot read the cookie options ({error})")))?,
        lifetime: config.builder(driver::cookie(config)?)?.build()?.lifetime(),
        keys: config.key_ring()?.size(),
        encryption: config.encrypts().then(|| config.plain_records()),
        is_production: ["APP_ENV", "NODE_ENV"].iter().any(|name| {
            variables
                .get(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("production"))
        }),
    };
    let mut checks = Vec::new();
    for (name, names, check) in AREAS {
        let before = checks.len();
        let rejected = errors
            .iter()
            .filter(|error| names.contains(&error.setting()));
        checks.extend(rejected.map(|error| {
            let detail = format!("{} {}", variables.source_of(error), error.problem());
            Check::fail(name, detail, error.remedy())
        }));
        let is_about_redis = name == "redis settings";
        if checks.len() == before && (!is_about_redis || settings.driver == DriverName::Redis) {
            checks.push(check(&settings));
        }
    }
    Ok(checks)
}

fn encryption(settings: &Settings<'_>) -> Check {
    let remedy = "unset SESSION_PLAIN_RECORDS once a lifetime has passed";
    match (settings.encryption, settings.driver) {
        (None, DriverName::Cookie) => Check::ok("encryption", "off: users can read their sessions"),
        (None, _) => Check::ok("encryption", "off: sessions are stored readable"),
        (Some(PlainRecords::Refuse), _) => {
            Check::ok("encryption", "on: only the service can read sessions")
        }
        (Some(PlainRecords::Accept), _) => Check::warn(
            "encryption",
            "on, but sessions that are not encrypted are still accepted",
            remedy,
        ),
        (Some(PlainRecords::Write), _) => Check::warn(
            "encryption",
            "being turned on or off: encrypted sessions open, and none is encrypted",
            "set SESSION_PLAIN_RECORDS to accept, or SESSION_ENCRYPT to false, once a lifetime has passed",
        ),
    }
}

fn driver_name(settings: &Settings<'_>) -> Check {
    match settings.driver {
        DriverName::Cookie => Check::ok(
            "driver",
            "cookie: logging out does not invalidate copies of the cookie",
        ),
        DriverName::Memory => Check::warn(
            "driver",
            "memory: sessions end with the process and are not shared with others",
            "set SESSION_DRIVER to another one in production",
        ),
        driver => Check::ok("driver", driver.to_string()),
    }
}

fn lifetime(settings: &Settings<'_>) -> Check {
    let lifetime = settings.lifetime;
    let detail = format!("{} of inactivity", span(lifetime));
    if lifetime < SHORT {
        Check::warn(
            "lifetime",
            format!("{detail}: users may be logged out while reading a page"),
            "raise SESSION_LIFETIME (in minutes)",
        )
    } else if lifetime > BROWSERS {
        let remedy = "set it to at most 576000 minutes (RFC 6265bis, \"The Max-Age Attribute\")";
        Check::warn(
            "lifetime",
            format!("{detail}, but browsers keep cookies for at most 400 d"),
            remedy,
        )
    } else if settings.driver == DriverName::Cookie && lifetime > IRREVOCABLE {
        let remedy =
            "lower SESSION_LIFETIME (in minutes), or set SESSION_DRIVER to redis or a database";
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
    if settings.config.prefix().is_empty() {
        let remedy = "set SESSION_PREFIX, for example to session:";
        return Check::warn(
            "redis settings",
            "SESSION_PREFIX is empty: sessions cannot be told apart from other keys",
            remedy,
        );
    }
    let is_variable = settings
        .variables
        .get("REDIS_URL")
        .is_some_and(|url| !url.is_empty());
    match settings.config.redis_url() {
        Some(_) if is_variable => Check::ok("redis settings", "REDIS_URL is set"),
        Some(_) => Check::ok(
            "redis settings",
            "redis_url is set in the configuration file",
        ),
        None if settings.is_production => Check::warn(
            "redis settings",
            "REDIS_URL is not set in production: using this machine",
            "set REDIS_URL explicitly",
        ),
        None => Check::ok("redis settings", "REDIS_URL is not set: using this machine"),
    }
}

fn grace(settings: &Settings<'_>) -> Check {
    let grace = settings.config.grace();
    match settings.driver {
        DriverName::Cookie => Check::ok("grace", "not used: the cookie driver knows no old ids"),
        _ if grace.is_zero() => Check::warn(
            "grace",
            "off: a request that left the browser before a login can replace the login",
            "unset SESSION_GRACE, or set it to some seconds",
        ),
        _ => Check::ok(
            "grace",
            format!(
                "{}: requests that left before a login cannot undo it",
                span(grace)
            ),
        ),
    }
}

fn owner_key(settings: &Settings<'_>) -> Check {
    match (settings.config.owner_key(), settings.driver) {
        (None, _) => Check::ok(
            "owner key",
            "none: a user's sessions cannot be listed or ended",
        ),
        (Some(key), DriverName::Cookie) => Check::warn(
            "owner key",
            format!(
                "{key}, but with the cookie driver a user's sessions cannot be listed or ended"
            ),
            "set SESSION_DRIVER to redis or a database, or unset SESSION_OWNER_KEY",
        ),
        (Some(key), _) => Check::ok("owner key", key),
    }
}

fn transport(settings: &Settings<'_>) -> Check {
    let way = match settings.config.transport() {
        Transport::Cookie => return Check::ok("transport", "cookie"),
        Transport::Header => "header: browsers get no cookie",
        Transport::Both => {
            "both: a client without a token gets it in both, where scripts can read it"
        }
    };
    let (request, response) = settings.config.token_headers();
    let headers = format!("the headers are {request} and {response}");
    Check::ok("transport", format!("{way}; {headers}"))
}

const SHORT: Duration = Duration::from_secs(5 * 60);
const DAY: u64 = 24 * 60 * 60;
/// Too long for a cookie that cannot be revoked.
const IRREVOCABLE: Duration = Duration::from_secs(7 * DAY);
/// The longest time that browsers keep a cookie.
const BROWSERS: Duration = Duration::from_secs(400 * DAY);
