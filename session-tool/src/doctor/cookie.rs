//! The checks of the cookie's name and attributes.

use serde::Deserialize;
use session_core::SameSite;

use crate::doctor::check::Check;
use crate::doctor::settings::Settings;

/// The cookie's options as data, which is how the library lets them be read.
#[derive(Deserialize)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: Option<String>,
    pub(crate) secure: bool,
    pub(crate) same_site: SameSite,
}

impl Cookie {
    /// As the library writes it: browsers demand it with `SameSite=None`.
    fn is_secure(&self) -> bool {
        self.secure || self.same_site == SameSite::None
    }
}

pub(crate) fn name(settings: &Settings<'_>) -> Check {
    let cookie = &settings.cookie;
    let name = cookie.name.to_ascii_lowercase();
    let is_host_only = cookie.is_secure() && cookie.path == "/" && cookie.domain.is_none();
    Check::ok(
        "cookie name",
        match &*name {
            name if name.starts_with("__host-") => {
                format!("{}: only this host can set it, over HTTPS", cookie.name)
            }
            name if name.starts_with("__secure-") => {
                format!("{}: only HTTPS can set it", cookie.name)
            }
            _ if is_host_only => {
                format!("{0}; as __Host-{0} no other host could set it", cookie.name)
            }
            _ => cookie.name.clone(),
        },
    )
}

pub(crate) fn secure(settings: &Settings<'_>) -> Check {
    let detail = "off: the cookie travels over plain HTTP too, where anyone on the way can take it";
    let remedy = "unset SESSION_SECURE, or set it to true, wherever users come over HTTPS";
    match (settings.cookie.is_secure(), settings.is_production) {
        (true, _) => Check::ok("secure", "on: the cookie travels over HTTPS only"),
        (false, true) => Check::fail("secure", format!("{detail}, in production"), remedy),
        (false, false) => Check::warn("secure", detail, remedy),
    }
}

pub(crate) fn same_site(settings: &Settings<'_>) -> Check {
    match settings.cookie.same_site {
        SameSite::Lax => Check::ok(
            "same site",
            "lax: of other sites, only links bring the cookie",
        ),
        SameSite::Strict => Check::ok(
            "same site",
            "strict: who follows a link from another site comes without a session",
        ),
        SameSite::None => {
            let forced = if settings.cookie.secure {
                ""
            } else {
                "; it forces Secure, whatever SESSION_SECURE says"
            };
            let detail = format!("none: every site can make requests with the cookie{forced}");
            let remedy = "use lax, or protect every form against requests from other sites (CSRF)";
            Check::warn("same site", detail, remedy)
        }
    }
}

pub(crate) fn path(settings: &Settings<'_>) -> Check {
    Check::ok(
        "path",
        match &*settings.cookie.path {
            "/" => "/, the whole host".to_owned(),
            path => format!("{path} and below"),
        },
    )
}

pub(crate) fn domain(settings: &Settings<'_>) -> Check {
    match &settings.cookie.domain {
        None => Check::ok("domain", "this host only"),
        Some(domain) => Check::warn(
            "domain",
            format!("every host of {domain} gets the cookie, and can overwrite it"),
            "unset SESSION_DOMAIN, unless several hosts share their sessions",
        ),
    }
}
