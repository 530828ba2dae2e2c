//! Reading Cookie headers: the tokens among a request's cookies.

use crate::SessionManager;

impl SessionManager {
    /// Returns the values of all cookies with the session's name in a Cookie header, in order, for
    /// [`open`](Self::open). Other cookies are ignored.
    ///
    /// It is meant for programs that have the header's text without the `http` crate's types, such as a WebSocket server
    /// or a command-line tool.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{MemoryDriver, Secret, SessionManager};
    /// # pollster::block_on(async {
    /// # let secret = Secret::generate()?;
    /// let manager = SessionManager::builder(MemoryDriver::new(), secret).build()?;
    /// let header = "theme=dark; session=a.b; session=c.d";
    /// assert_eq!(manager.tokens(header).collect::<Vec<_>>(), ["a.b", "c.d"]);
    ///
    /// let session = manager.open(manager.tokens(header)).await?;
    /// assert!(session.is_new(), "neither is signed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn tokens<'a>(
        &'a self,
        cookies: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> impl Iterator<Item = &'a str> {
        tokens(cookies.as_ref(), self.cookie_name())
    }
}

/// Returns the values of all cookies with this name, in order (RFC 6265, "The Cookie Header Field").
pub(crate) const fn tokens<'a>(cookies: &'a [u8], name: &'a str) -> Tokens<'a> {
    Tokens {
        rest: Some(cookies),
        name,
    }
}

/// Written out because it lives in the future of every request, and combinators would make it several times as large.
pub(crate) struct Tokens<'a> {
    rest: Option<&'a [u8]>,
    name: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while let Some(rest) = self.rest {
            let (pair, rest) = match memchr::memchr(b';', rest) {
                Some(end) => (&rest[..end], Some(&rest[end + 1..])),
                None => (rest, None),
            };
            self.rest = rest;
            let value = pair
                .trim_ascii()
                .strip_prefix(self.name.as_bytes())
                .and_then(|value| value.strip_prefix(b"="))
                .and_then(|value| std::str::from_utf8(value).ok());
            if value.is_some() {
                return value;
            }
        }
        None
    }
}

/// Tells why the cookie with this name cannot be read although its name is in the header. `None` if it can be, or is not
/// there.
pub(crate) fn unreadable(cookies: &[u8], name: &str) -> Option<&'static str> {
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&cookies[at..], name.as_bytes()) {
        let start = at + found;
        let (before, after) = (&cookies[..start], &cookies[start + name.len()..]);
        at = start + name.len();
        let is_assigned = after.trim_ascii_start().starts_with(b"=");
        match before.trim_ascii_end().last() {
            Some(b',') if is_assigned => {
                return Some("cookies are joined by commas, not by semicolons");
            }
            None | Some(b';') if is_assigned && !after.starts_with(b"=") => {
                return Some("white space stands before the equals sign");
            }
            None | Some(b';') if is_assigned => {
                let value = after.split(|byte| *byte == b';').next().unwrap_or_default();
                if std::str::from_utf8(value).is_err() {
                    return Some("the value is not UTF-8");
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cookies_with_the_name_are_returned_in_order() {
        let found = |cookies: &'static [u8]| tokens(cookies, "s").collect::<Vec<_>>();
        assert_eq!(found(b"s=1"), ["1"]);
        assert_eq!(
            found(b"a=0;s=1; s=2 ;\ts=;S=3;s;ss=4; s =5"),
            ["1", "2", ""]
        );
        assert_eq!(found(b"s=a=b"), ["a=b"]);
        assert_eq!(
            found(b"a=\xff; s=1; s=\xff"),
            ["1"],
            "values that are not UTF-8 are ignored"
        );
        assert_eq!(found(b""), [""; 0]);
        assert_eq!(found(b";s=1;"), ["1"]);
        assert_eq!(found(b";;"), [""; 0]);
    }

    #[test]
    fn the_reason_for_an_unreadable_cookie_is_named() {
        let reason = |cookies: &'static [u8]| unreadable(cookies, "s");
        let commas = Some("cookies are joined by commas, not by semicolons");
        assert_eq!(reason(b"a=1, s=2"), commas);
        assert_eq!(reason(b"a=1,s=2; b=3"), commas);
        let space = Some("white space stands before the equals sign");
        assert_eq!(reason(b"s =1"), space);
        assert_eq!(reason(b"a=s; s\t=1"), space);
        assert_eq!(reason(b"s=\xff; a=1"), Some("the value is not UTF-8"));
        for fine in [
            &b"s=1"[..],
            b"a=1; s=1",
            b"ss=1",
            b"a=s",
            b"a=, s",
            b"xs=1",
            b"",
        ] {
            assert_eq!(reason(fine), None);
        }
    }
}
