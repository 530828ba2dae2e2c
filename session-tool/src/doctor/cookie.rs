//! Checks of the cookie's name and attributes.

use serde::Deserialize;
use session_core::SameSite;

use crate::doctor::check::Check;
use crate::doctor::settings::Settings;

/// The cookie options, deserialized, because the library has no getters for them.
#[derive(Deserialize)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: Option<String>,
    pub(crate) secure: bool,
    pub(crate) same_site: SameSite,
}

impl Cookie {
    /// Returns `true` if the library writes `Secure`, which browsers require for `SameSite=None`.
    fn is_secure(&self) -> bool {
        self.secure || self.same_site == SameSite::None
    }
}

pub(crate) fn name(settings: &Settings<'_>) -> Check {
    let cookie = &settings.cookie;
    let name = cookie.name.to_ascii_lowercase();
    if cookie.name == DEFAULT_NAME {
        return Check::warn(
            "cookie name",
            "session, the default: any other application on this host that uses it replaces the cookie",
            "set SESSION_COOKIE to a name of your own, such as __Host-Http-shop",
        );
    }
    let is_host_only = cookie.is_secure() && cookie.path == "/" && cookie.domain.is_none();
    Check::ok(
        "cookie name",
        match &*name {
            name if name.starts_with("__host-http-") => format!(
                "{}: only this host can set it, over HTTPS, and no script can",
                cookie.name
            ),
            name if name.starts_with("__host-") => {
                format!("{}: only this host can set it, over HTTPS", cookie.name)
            }
            name if name.starts_with("__http-") => {
                format!(
                    "{}: can only be set over HTTPS, and by no script",
                    cookie.name
                )
            }
            name if name.starts_with("__secure-") => {
                format!("{}: can only be set over HTTPS", cookie.name)
            }
            _ if is_host_only => {
                format!(
                    "{0}; with the name __Host-Http-{0}, no other host and no script could set it",
                    cookie.name
                )
            }
            _ => cookie.name.clone(),
        },
    )
}

pub(crate) fn secure(settings: &Settings<'_>) -> Check {
    let detail =
        "the cookie is also sent over plain HTTP, where anyone on the network can steal it";
    let remedy = "unset SESSION_SECURE or set it to true wherever users connect over HTTPS";
    match (settings.cookie.is_secure(), settings.is_production) {
        (true, _) => Check::ok("secure", "on: the cookie is only sent over HTTPS"),
        (false, true) => Check::fail("secure", format!("off in production: {detail}"), remedy),
        (false, false) => Check::warn("secure", format!("off: {detail}"), remedy),
    }
}

pub(crate) fn same_site(settings: &Settings<'_>) -> Check {
    match settings.cookie.same_site {
        SameSite::Lax => Check::ok(
            "same site",
            "lax: from other sites, only links send the cookie",
        ),
        SameSite::Strict => Check::ok(
            "same site",
            "strict: users who follow a link from another site arrive without a session",
        ),
        SameSite::None => {
            let forced = if settings.cookie.secure {
                ""
            } else {
                "; this implies Secure and overrides SESSION_SECURE"
            };
            let detail = format!("none: any site can send requests with the cookie{forced}");
            let remedy = "use lax, or protect every form against cross-site request forgery (CSRF)";
            Check::warn("same site", detail, remedy)
        }
    }
}

pub(crate) fn path(settings: &Settings<'_>) -> Check {
    Check::ok(
        "path",
        match &*settings.cookie.path {
            "/" => "/ (the whole host)".to_owned(),
            path => format!("{path} and below"),
        },
    )
}

pub(crate) fn domain(settings: &Settings<'_>) -> Check {
    match &settings.cookie.domain {
        None => Check::ok("domain", "this host only"),
        Some(domain) => Check::warn(
            "domain",
            format!("every host under {domain} receives the cookie and can overwrite it"),
            "unset SESSION_DOMAIN unless several hosts share sessions",
        ),
    }
}

/// The name if `SESSION_COOKIE` is unset.
const DEFAULT_NAME: &str = "session";
