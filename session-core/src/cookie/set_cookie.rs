//! The Set-Cookie lines that set and remove the cookie.

use std::fmt::Write as _;

use crate::{ConfigError, CookieOptions, SameSite, Token};

/// Valid options, laid out as the constant parts of a Set-Cookie line.
#[derive(Clone, Debug)]
pub(crate) struct CookieTemplate {
    options: CookieOptions,
    attributes: String,
}

impl CookieTemplate {
    pub(crate) fn new(options: CookieOptions) -> Result<Self, ConfigError> {
        options.validate()?;
        let mut attributes = format!("; Path={}", options.path);
        if let Some(domain) = &options.domain {
            attributes.push_str("; Domain=");
            attributes.push_str(domain);
        }
        attributes.push_str(match options.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        let flags = [
            (options.http_only, "; HttpOnly"),
            (options.is_secure(), "; Secure"),
            (options.partitioned, "; Partitioned"),
        ];
        attributes.extend(
            flags
                .into_iter()
                .filter_map(|(on, flag)| on.then_some(flag)),
        );
        Ok(Self {
            options,
            attributes,
        })
    }

    pub(crate) fn options(&self) -> &CookieOptions {
        &self.options
    }

    pub(crate) fn name(&self) -> &str {
        &self.options.name
    }

    /// Returns the value of a Set-Cookie header for `token`.
    pub(crate) fn set(&self, token: &Token) -> String {
        let mut line = self.line(&token.value);
        if self.options.persistent || token.is_remembered {
            let ttl = token.ttl;
            // Rounded up, so that a session of half a second does not get the Max-Age that removes a cookie.
            let seconds = ttl
                .as_secs()
                .saturating_add(u64::from(ttl.subsec_nanos() > 0));
            let _ = write!(line, "; Max-Age={}", seconds.min(MAX_AGE_SECONDS));
        }
        line
    }

    /// Returns the value of a Set-Cookie header that removes what [`set`](Self::set) set.
    pub(crate) fn clear(&self) -> String {
        self.line("") + "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    }

    fn line(&self, value: &str) -> String {
        let mut line = String::with_capacity(
            self.name().len() + 1 + value.len() + self.attributes.len() + ROOM_FOR_AGE,
        );
        line.push_str(self.name());
        line.push('=');
        line.push_str(value);
        line.push_str(&self.attributes);
        line
    }
}

/// The most bytes of a cookie's name and value together that browsers accept (RFC 6265bis, "The Set-Cookie Header
/// Field"). A session that would take more fails with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge).
pub const MAX_COOKIE_BYTES: usize = 4096;
/// 400 days (RFC 6265bis, "The Max-Age Attribute").
const MAX_AGE_SECONDS: u64 = 400 * 24 * 60 * 60;
const ROOM_FOR_AGE: usize = 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn template(options: CookieOptions) -> CookieTemplate {
        CookieTemplate::new(options).unwrap()
    }

    fn token(value: &str, ttl: Duration) -> Token {
        Token {
            value: value.to_owned(),
            ttl,
            is_remembered: false,
        }
    }

    /// Security checklist, statements 3 and 13.
    #[test]
    fn s03_s13_the_default_is_generic_and_safe() {
        assert_eq!(
            template(CookieOptions::default()).set(&token("t", Duration::from_secs(7200))),
            "session=t; Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200"
        );
    }

    /// Security checklist, statement 14.
    #[test]
    fn s14_same_site_none_is_always_secure() {
        let line = template(
            CookieOptions::default()
                .same_site(SameSite::None)
                .secure(false),
        )
        .set(&token("t", Duration::ZERO));
        assert_eq!(
            line,
            "session=t; Path=/; SameSite=None; HttpOnly; Secure; Max-Age=0"
        );
    }

    /// Security checklist, statement 16.
    #[test]
    fn s16_the_removal_repeats_every_attribute() {
        let options = CookieOptions::default()
            .path("/app")
            .domain("a.example")
            .same_site(SameSite::None)
            .partitioned(true);
        let set = template(options.clone()).set(&token("token", Duration::from_secs(60)));
        let clear = template(options).clear();
        assert_eq!(
            set,
            "session=token; Path=/app; Domain=a.example; SameSite=None; HttpOnly; Secure; Partitioned; Max-Age=60"
        );
        assert_eq!(
            clear,
            set.replace("token", "")
                .replace("=60", "=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
        );
    }

    /// Security checklist, statement 23.
    #[test]
    fn s23_max_age_is_clamped_to_400_days() {
        let age = |ttl| {
            let line = template(CookieOptions::default()).set(&token("t", ttl));
            line.rsplit_once('=').unwrap().1.parse::<u64>().unwrap()
        };
        assert_eq!(age(Duration::MAX), 34_560_000);
        assert_eq!(age(Duration::from_secs(34_560_001)), 34_560_000);
        assert_eq!(age(Duration::from_secs(34_559_999)), 34_559_999);
        assert_eq!(age(Duration::from_millis(1)), 1);
    }

    #[test]
    fn a_browser_session_cookie_has_no_max_age_unless_it_is_remembered() {
        let template = template(CookieOptions::default().persistent(false));
        let mut token = token("t", Duration::from_secs(60));
        let line = template.set(&token);
        assert_eq!(line, "session=t; Path=/; SameSite=Lax; HttpOnly; Secure");
        token.is_remembered = true;
        assert_eq!(template.set(&token), line + "; Max-Age=60");
    }
}
