//! The cookie's name and attributes, and the rules that they must obey.

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// The session cookie's name and attributes.
///
/// The default is safe for production: `session`, `Path=/`, `Secure`, `HttpOnly`, `SameSite=Lax`, with a `Max-Age` (OWASP
/// Session Management Cheat Sheet, "Cookies"). If the cookie is for one host and never for scripts, as it should be, call
/// it `__Host-Http-session`, and browsers enforce that.
///
/// Cookies do not know ports: two applications on one host that both call their cookie `session` log each other's users
/// out. Give each its own name.
///
/// # Examples
///
/// ```
/// use session_core::{CookieOptions, SameSite};
///
/// let cookie = CookieOptions::default().name("__Host-session").same_site(SameSite::Strict);
/// cookie.validate()?;
/// # Ok::<(), session_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieOptions {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: Option<String>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: SameSite,
    pub(crate) partitioned: bool,
    pub(crate) persistent: bool,
}

/// Which requests from other sites carry the cookie (RFC 6265bis, "The SameSite Attribute").
///
/// Exhaustive: the standard names these three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// No requests from other sites carry it.
    Strict,
    /// Only requests that follow a link carry it. The default.
    #[default]
    Lax,
    /// All requests carry it. Browsers then demand `Secure`, so the cookie always gets it.
    None,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            name: "session".to_owned(),
            path: "/".to_owned(),
            domain: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
            partitioned: false,
            persistent: true,
        }
    }
}

impl CookieOptions {
    /// Sets the name (RFC 6265, "Syntax": a token). Default: `session`, which reveals nothing about the software.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the path below which browsers send the cookie. It starts with `/`. Default: `/`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the domain, whose subdomains get the cookie too. Default: none, so only this host gets it.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets whether browsers send the cookie over HTTPS only. Default: `true`.
    #[must_use]
    pub const fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets whether the cookie is hidden from scripts. Default: `true`.
    #[must_use]
    pub const fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets which requests from other sites carry the cookie. Default: [`SameSite::Lax`].
    #[must_use]
    pub const fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Sets whether browsers keep a separate cookie for each top-level site ("CHIPS"). Needs `Secure`. Default: `false`.
    #[must_use]
    pub const fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Sets whether the cookie has a `Max-Age` and so outlives the browser's session. Default: `true`.
    ///
    /// Without it, the server still ends the session after its lifetime.
    #[must_use]
    pub const fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    /// Checks the options against RFC 6265 and RFC 6265bis, as building a manager does.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the option: a name that is not a token, a path or domain that is longer than
    /// 1024 bytes or contains characters that end the attribute, a name with a prefix such as `__Host-` without what the
    /// prefix demands, or `Partitioned` without `Secure`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_name()?;
        self.validate_path()?;
        self.validate_domain()?;
        if self.partitioned && !self.is_secure() {
            return Err(ConfigError::new(
                "cookie partitioned",
                "needs Secure",
                "turn Secure on or Partitioned off",
            ));
        }
        self.validate_prefix()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure || self.same_site == SameSite::None
    }

    fn validate_name(&self) -> Result<(), ConfigError> {
        let remedy = "use letters, digits, '-' and '_' (RFC 6265, cookie-name)";
        let problem = if self.name.is_empty() {
            "is empty".to_owned()
        } else if let Some(bad) = self.name.chars().find(|c| !is_token_char(*c)) {
            format!("{:?} contains {bad:?}", self.name)
        } else if self.name.len() > MAX_NAME_BYTES {
            format!("has {} bytes, of at most {MAX_NAME_BYTES}", self.name.len())
        } else {
            return Ok(());
        };
        Err(ConfigError::new("cookie name", problem, remedy))
    }

    fn validate_path(&self) -> Result<(), ConfigError> {
        let path = &self.path;
        let problem = if !path.starts_with('/') {
            format!("{path:?} does not start with '/'")
        } else if let Some(bad) = path
            .chars()
            .find(|c| !c.is_ascii_graphic() && *c != ' ' || *c == ';')
        {
            format!("{path:?} contains {bad:?}")
        } else if path.ends_with(' ') {
            // A browser cuts it off and sends the cookie for another path.
            format!("{path:?} ends with a space")
        } else if path.len() > MAX_ATTRIBUTE_BYTES {
            format!("has {} bytes, of at most {MAX_ATTRIBUTE_BYTES}", path.len())
        } else {
            return Ok(());
        };
        Err(ConfigError::new(
            "cookie path",
            problem,
            "use a path such as \"/\" (RFC 6265, path-value)",
        ))
    }

    fn validate_domain(&self) -> Result<(), ConfigError> {
        let Some(domain) = &self.domain else {
            return Ok(());
        };
        let name = domain.strip_prefix('.').unwrap_or(domain);
        let problem = if name.is_empty() {
            "is empty".to_owned()
        } else if let Some(bad) = name
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-' && *c != '.')
        {
            format!("{domain:?} contains {bad:?}")
        } else if name.split('.').any(str::is_empty) {
            format!("{domain:?} has an empty label")
        } else if domain.len() > MAX_DOMAIN_BYTES {
            format!("has {} bytes, of at most {MAX_DOMAIN_BYTES}", domain.len())
        } else {
            return Ok(());
        };
        Err(ConfigError::new(
            "cookie domain",
            problem,
            "use a host name such as \"example.com\" (RFC 6265, domain-value)",
        ))
    }

    /// RFC 6265bis, "Cookie Name Prefixes", and the `__Http-` prefixes of its successor's draft. Browsers ignore letter
    /// case in them.
    fn validate_prefix(&self) -> Result<(), ConfigError> {
        let is_host_only = self.is_secure() && self.path == "/" && self.domain.is_none();
        let prefixes = [
            (
                "__host-http-",
                is_host_only && self.http_only,
                "Secure, HttpOnly, Path=/ and no Domain",
            ),
            ("__host-", is_host_only, "Secure, Path=/ and no Domain"),
            (
                "__http-",
                self.is_secure() && self.http_only,
                "Secure and HttpOnly",
            ),
            ("__secure-", self.is_secure(), "Secure"),
        ];
        let name = self.name.to_ascii_lowercase();
        match prefixes
            .into_iter()
            .find(|(prefix, ..)| name.starts_with(prefix))
        {
            Some((_, false, demand)) => Err(ConfigError::new(
                "cookie name",
                format!("the prefix of {:?} demands {demand}", self.name),
                "change the options or the name (RFC 6265bis, cookie name prefixes)",
            )),
            _ => Ok(()),
        }
    }
}

/// RFC 9110, "Tokens".
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// So that most of the cookie is left for the value.
const MAX_NAME_BYTES: usize = 256;
/// Browsers ignore longer attribute values (RFC 6265bis, "The Set-Cookie Header Field").
const MAX_ATTRIBUTE_BYTES: usize = 1024;
/// RFC 1035, "Size limits", plus a leading dot.
const MAX_DOMAIN_BYTES: usize = 254;

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(options: CookieOptions) -> String {
        options.validate().unwrap_err().to_string()
    }

    /// Security checklist, statements 15 and 35.
    #[test]
    fn s15_s35_prefixes_demand_their_attributes_in_any_case() {
        let named = |name: &str| CookieOptions::default().name(name);
        for name in ["__Host-s", "__host-S", "__HOST-s"] {
            assert!(named(name).validate().is_ok());
            assert!(
                named(name)
                    .secure(false)
                    .same_site(SameSite::None)
                    .validate()
                    .is_ok()
            );
            for broken in [
                named(name).secure(false),
                named(name).path("/a"),
                named(name).domain("a.example"),
            ] {
                assert_eq!(
                    rejected(broken),
                    format!(
                        "cookie name: the prefix of \"{name}\" demands Secure, Path=/ and no Domain; \
                         change the options or the name (RFC 6265bis, cookie name prefixes)"
                    )
                );
            }
        }
        assert!(
            named("__Secure-s")
                .domain("a.example")
                .path("/a")
                .validate()
                .is_ok()
        );
        for name in ["__Host-Http-s", "__HOST-HTTP-s"] {
            assert!(named(name).validate().is_ok());
            for broken in [
                named(name).http_only(false),
                named(name).secure(false),
                named(name).path("/a"),
                named(name).domain("a.example"),
            ] {
                assert_eq!(
                    rejected(broken),
                    format!(
                        "cookie name: the prefix of \"{name}\" demands Secure, HttpOnly, Path=/ and no Domain; \
                         change the options or the name (RFC 6265bis, cookie name prefixes)"
                    )
                );
            }
        }
        assert!(named("__Http-s").path("/a").validate().is_ok());
        for broken in [
            named("__http-s").http_only(false),
            named("__http-s").secure(false),
        ] {
            assert_eq!(
                rejected(broken),
                "cookie name: the prefix of \"__http-s\" demands Secure and HttpOnly; \
                 change the options or the name (RFC 6265bis, cookie name prefixes)"
            );
        }
        assert_eq!(
            rejected(named("__SECURE-s").secure(false)),
            "cookie name: the prefix of \"__SECURE-s\" demands Secure; \
             change the options or the name (RFC 6265bis, cookie name prefixes)"
        );
    }

    /// Security checklist, statement 18.
    #[test]
    fn s18_an_attribute_value_is_at_most_1024_bytes() {
        let path = |len: usize| CookieOptions::default().path("/".repeat(len));
        assert!(path(1024).validate().is_ok());
        assert_eq!(
            rejected(path(1025)),
            "cookie path: has 1025 bytes, of at most 1024; use a path such as \"/\" (RFC 6265, path-value)"
        );
        let domain = CookieOptions::default().domain("a".repeat(255));
        assert_eq!(
            rejected(domain),
            "cookie domain: has 255 bytes, of at most 254; use a host name such as \"example.com\" (RFC 6265, domain-value)"
        );
    }

    /// Security checklist, statement 19.
    #[test]
    fn s19_names_and_attributes_cannot_be_broken_out_of() {
        let remedy = "use letters, digits, '-' and '_' (RFC 6265, cookie-name)";
        assert_eq!(
            rejected(CookieOptions::default().name("")),
            format!("cookie name: is empty; {remedy}")
        );
        assert_eq!(
            rejected(CookieOptions::default().name("n".repeat(257))),
            format!("cookie name: has 257 bytes, of at most 256; {remedy}")
        );
        for bad in [
            "a b", "a;b", "a=b", "a\r\nb", "a\0b", "a,b", "a\"b", "é", "a\u{7f}",
        ] {
            let char = bad.chars().find(|c| !c.is_ascii_lowercase()).unwrap();
            assert_eq!(
                rejected(CookieOptions::default().name(bad)),
                format!("cookie name: {bad:?} contains {char:?}; {remedy}")
            );
        }
        for bad in ["/a;b", "/a\r\nSet-Cookie: x", "/\0", "/é", "/\t"] {
            assert!(
                rejected(CookieOptions::default().path(bad)).starts_with("cookie path: "),
                "{bad:?}"
            );
        }
        assert_eq!(
            rejected(CookieOptions::default().path("a")),
            "cookie path: \"a\" does not start with '/'; use a path such as \"/\" (RFC 6265, path-value)"
        );
        assert!(
            rejected(CookieOptions::default().path(""))
                .starts_with("cookie path: \"\" does not start")
        );
        assert!(CookieOptions::default().path("/a b").validate().is_ok());
        assert!(
            rejected(CookieOptions::default().path("/a "))
                .starts_with("cookie path: \"/a \" ends with a space; ")
        );
        for bad in [
            "",
            ".",
            "a..b",
            "a b",
            "a;b",
            "a\r\n",
            "exämple.com",
            "a.example.",
        ] {
            assert!(
                rejected(CookieOptions::default().domain(bad)).starts_with("cookie domain: "),
                "{bad:?}"
            );
        }
        assert!(
            CookieOptions::default()
                .domain(".example.com")
                .validate()
                .is_ok()
        );
        assert_eq!(
            rejected(CookieOptions::default().partitioned(true).secure(false)),
            "cookie partitioned: needs Secure; turn Secure on or Partitioned off"
        );
    }
}
