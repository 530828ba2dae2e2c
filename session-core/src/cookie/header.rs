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
}
