//! Where a request's token travels: in a cookie, or in a header of an API's client.

use super::fields::Headers;
use super::headers::{COOKIE, cookie_tokens};
use crate::cookie::header;
use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
use crate::{SessionManager, Transport};

/// What a request sent where tokens may be.
pub(crate) struct SentTokens<V> {
    /// `None` if there is none, or more than one.
    header: Option<V>,
    cookie: Option<V>,
    /// HTTP/2 clients may send one header for each cookie (RFC 9113, "Compressing the Cookie Header Field").
    more_cookies: Vec<V>,
}

/// How the token of a request came, and how the next one goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Cookie,
    Header,
}

impl<V: AsRef<[u8]> + Clone> SentTokens<V> {
    pub(crate) fn of<H: Headers<Value = V>>(manager: &SessionManager, headers: &H) -> Self {
        let options = &manager.0.options;
        let mut sent = Self {
            header: None,
            cookie: None,
            more_cookies: Vec::new(),
        };
        if options.transport != Transport::Cookie {
            let mut all = headers.get_all(options.token_headers.request);
            // Of two, nobody could say which one counts.
            sent.header = all.next().filter(|_| all.next().is_none()).cloned();
        }
        if options.transport != Transport::Header {
            let mut cookies = headers.get_all(COOKIE).cloned();
            sent.cookie = cookies.next();
            sent.more_cookies = cookies.collect();
        }
        sent
    }
}

impl<V> SentTokens<V> {
    /// Returns `true` if the request sent nothing that could be a token.
    pub(crate) const fn is_empty(&self) -> bool {
        self.header.is_none() && self.cookie.is_none()
    }
}

impl<V: AsRef<[u8]>> SentTokens<V> {
    /// Returns the tokens in order. A token in the header counts alone: the client chose it for this request, while a
    /// browser sends cookies automatically.
    pub(crate) fn iter<'a>(&'a self, manager: &'a SessionManager) -> impl Iterator<Item = &'a str> {
        let header = self.in_header(manager);
        let cookies = self.cookie.iter().chain(&self.more_cookies);
        let cookies = cookies.filter(move |_| header.is_none());
        header.into_iter().chain(cookie_tokens(manager, cookies))
    }

    /// Returns how the request's token came, if both ways are open.
    pub(crate) fn carrier(&self, manager: &SessionManager) -> Option<Carrier> {
        if manager.0.options.transport != Transport::Both {
            return None;
        }
        if self.in_header(manager).is_some() {
            return Some(Carrier::Header);
        }
        // Not by `iter`, which would report an unreadable cookie a second time.
        let mut cookies = self.cookie.iter().chain(&self.more_cookies);
        let name = manager.cookie_name();
        cookies
            .any(|cookies| header::tokens(cookies.as_ref(), name).next().is_some())
            .then_some(Carrier::Cookie)
    }

    fn in_header(&self, manager: &SessionManager) -> Option<&str> {
        let value = std::str::from_utf8(self.header.as_ref()?.as_ref()).ok()?;
        let token = if manager.0.options.token_headers.request == AUTHORIZATION {
            // RFC 6750, "Authorization Request Header Field". Other schemes are none of ours.
            let (scheme, token) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)?
        } else {
            value
        };
        let token = token.trim();
        // No token of ours is longer, so it is not worth hashing.
        Some(if token.len() > MAX_COOKIE_BYTES {
            ""
        } else {
            token
        })
    }
}

pub(crate) const AUTHORIZATION: &str = "authorization";
