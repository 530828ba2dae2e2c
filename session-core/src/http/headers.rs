//! From the request's Cookie headers to those of the response.

use std::borrow::Cow;

use super::fields::{Headers, HeadersMut};
use super::transport::{AUTHORIZATION, Carrier, SentTokens};
use crate::cookie::header;
use crate::events::log;
use crate::{
    Caching, ClearSiteData, Error, ErrorKind, OnSaveFailure, Outcome, Session, SessionManager,
    Transport,
};

/// # Over HTTP headers
///
/// With the feature `http`, `http::HeaderMap` is such headers.
impl SessionManager {
    /// Opens the session of a request with these headers. All its Cookie headers are read, and other cookies in them are
    /// ignored. With [`Transport::Header`](crate::Transport::Header) or [`Both`](crate::Transport::Both), the token may be
    /// in its own header.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    pub async fn open_headers(&self, headers: &impl Headers) -> Result<Session, Error> {
        let sent = SentTokens::of(self, headers);
        let session = self.open(sent.iter(self)).await?;
        self.note_carrier(&session, &sent);
        Ok(session)
    }

    /// Notes how the request's token came.
    pub(crate) fn note_carrier<V: AsRef<[u8]>>(&self, session: &Session, sent: &SentTokens<V>) {
        if let Some(carrier) = sent.carrier(self) {
            session.lock().carrier = Some(carrier);
        }
    }

    /// Commits the session and writes the result into the response's headers: Set-Cookie, appended to those of others, or
    /// the header of the [`Transport`]; `Vary: Cookie`, if the response depends on the session; and
    /// `Cache-Control: no-store`, if the response sets the cookie and the handler did not choose `private` or `no-store`.
    /// A response that sets the cookie never stays publicly cacheable: a shared cache would hand one visitor's cookie to
    /// all. A logout also adds [`ClearSiteData`], if the manager was built with it.
    ///
    /// # Errors
    ///
    /// The same as [`commit`](Self::commit), if [`OnSaveFailure`] says that the response is refused. By default only a
    /// logout that failed is. Other failures are logged, and the response stands without a cookie.
    pub async fn commit_headers(
        &self,
        session: &Session,
        headers: &mut impl HeadersMut,
    ) -> Result<(), Error> {
        let (is_logout, result) = match self.plan(session).await {
            Ok(plan) => (plan.is_logout(), self.carry_out_for(session, plan).await),
            Err(error) => (false, Err(error)),
        };
        self.write_headers(session, result, is_logout, headers)
    }

    pub(crate) fn write_headers<H: HeadersMut>(
        &self,
        session: &Session,
        result: Result<Outcome, Error>,
        is_logout: bool,
        headers: &mut H,
    ) -> Result<(), Error> {
        let is_logged_out = is_logout && result.is_ok() && session.look().has_cookie;
        let outcome = match (result, self.0.options.on_save_failure) {
            (Ok(outcome), _) => outcome,
            // A page that says goodbye while the session lives is a lie.
            (Err(error), OnSaveFailure::RefuseLogout) if is_logout => return Err(error),
            (Err(error), OnSaveFailure::Refuse) => return Err(error),
            (Err(_), _) => Outcome::Keep,
        };
        let (in_cookie, in_header) = self.carriers(session);
        // Sensitive, so that a log of the headers does not show the token.
        let sensitive = |text: String| value::<H>(text.into(), true);
        let cookie = self.set_cookie(&outcome).filter(|_| in_cookie);
        let cookie = cookie.map(sensitive).transpose()?;
        let token = match outcome {
            Outcome::Set(token) if in_header => Some(sensitive(token.value)?),
            // An empty token tells the client to forget the one that it has.
            Outcome::Clear if in_header => Some(value::<H>("".into(), false)?),
            _ => None,
        };
        let caching = self.0.options.caching == Caching::Headers;
        let is_sent = cookie.is_some() || token.is_some();
        if caching && (is_sent || session.is_accessed()) {
            self.vary(headers)?;
        }
        if is_sent && caching && !is_private(headers) {
            if headers.get_all(CACHE_CONTROL).next().is_some() {
                log::made_private();
            }
            headers.insert(CACHE_CONTROL, value::<H>("no-store".into(), false)?);
        }
        if let Some(cookie) = cookie {
            set_cookie(headers, cookie, self.cookie_name());
        }
        if let Some(token) = token {
            headers.insert(self.0.options.token_headers.response, token);
        }
        if is_logged_out {
            clear_site_data(self.0.options.clear_site_data, headers)?;
        }
        Ok(())
    }

    /// Returns whether the response's token goes into a cookie, and whether it goes into the header: the way that the
    /// request's token came.
    fn carriers(&self, session: &Session) -> (bool, bool) {
        match (self.0.options.transport, session.lock().carrier) {
            (Transport::Cookie, _) | (Transport::Both, Some(Carrier::Cookie)) => (true, false),
            (Transport::Header, _) | (Transport::Both, Some(Carrier::Header)) => (false, true),
            // The client has none yet, and takes the one that it understands.
            (Transport::Both, None) => (true, true),
        }
    }

    /// Adds the headers that may carry tokens to what the response varies by.
    fn vary<H: HeadersMut>(&self, headers: &mut H) -> Result<(), Error> {
        let options = &self.0.options;
        let header = match options.token_headers.request {
            AUTHORIZATION => "Authorization",
            name => name,
        };
        if options.transport != Transport::Header {
            vary_by("Cookie", headers)?;
        }
        if options.transport != Transport::Cookie {
            vary_by(header, headers)?;
        }
        Ok(())
    }
}

/// The status with which an HTTP service answers an error (feature `http`).
#[cfg(feature = "http")]
impl Error {
    /// Returns 400 for [`ErrorKind::Invalid`], 413 for [`ErrorKind::TooLarge`], 501 for [`ErrorKind::Unsupported`], 503 for
    /// [`ErrorKind::Unavailable`] and [`ErrorKind::Conflict`], and 500 for the others.
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self.kind() {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unavailable | ErrorKind::Conflict => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The session's tokens among all Cookie headers of a request, in their order.
pub(crate) fn cookie_tokens<'a>(
    manager: &'a SessionManager,
    headers: impl IntoIterator<Item = &'a (impl AsRef<[u8]> + 'a)>,
) -> impl Iterator<Item = &'a str> {
    let name = manager.cookie_name();
    headers.into_iter().flat_map(move |value| {
        let mut tokens = header::tokens(value.as_ref(), name).peekable();
        if tokens.peek().is_none() {
            manager.0.events.unreadable(value.as_ref(), name);
        }
        tokens
    })
}

fn value<H: HeadersMut>(text: Cow<'static, str>, is_sensitive: bool) -> Result<H::Value, Error> {
    H::value(text, is_sensitive).map_err(|source| Error::new(ErrorKind::Encode).with_source(source))
}

/// Returns `true` if the response says that shared caches must not store it (RFC 9111, "Response Directives").
fn is_private(headers: &impl Headers) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .flat_map(elements)
        .any(|directive| {
            directive.eq_ignore_ascii_case(b"private")
                || directive.eq_ignore_ascii_case(b"no-store")
        })
}

/// Adds a header to what the response varies by.
fn vary_by<H: HeadersMut>(header: &'static str, headers: &mut H) -> Result<(), Error> {
    if headers.get_all(VARY).next().is_none() {
        headers.append(VARY, value::<H>(header.into(), false)?);
        return Ok(());
    }
    let is_listed = |name: &[u8]| name == b"*" || name.eq_ignore_ascii_case(header.as_bytes());
    if headers.get_all(VARY).flat_map(elements).any(is_listed) {
        return Ok(());
    }
    let lines = headers
        .get_all(VARY)
        .map(|line| std::str::from_utf8(line.as_ref()));
    match lines.collect::<Result<Vec<_>, _>>() {
        Ok(lines) => {
            // One line is easier on simple caches than several.
            let line = format!("{}, {header}", lines.join(", "));
            headers.insert(VARY, value::<H>(line.into(), false)?);
        }
        Err(_) => headers.append(VARY, value::<H>(header.into(), false)?),
    }
    Ok(())
}

/// Tells the browser what to remove, unless the handler did.
fn clear_site_data<H: HeadersMut>(clear: ClearSiteData, headers: &mut H) -> Result<(), Error> {
    let text = match clear {
        ClearSiteData::Off => return Ok(()),
        ClearSiteData::Cache => "\"cache\"",
        ClearSiteData::CacheAndStorage => "\"cache\", \"storage\"",
    };
    if headers.get_all(CLEAR_SITE_DATA).next().is_none() {
        headers.insert(CLEAR_SITE_DATA, value::<H>(text.into(), false)?);
    }
    Ok(())
}

/// Adds the cookie. One that the handler set under this name is removed: two would contradict each other.
fn set_cookie<H: HeadersMut>(headers: &mut H, cookie: H::Value, name: &str) {
    let is_ours = |value: &H::Value| {
        value
            .as_ref()
            .trim_ascii()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.trim_ascii().starts_with(b"="))
    };
    if !headers.get_all(SET_COOKIE).any(is_ours) {
        headers.append(SET_COOKIE, cookie);
        return;
    }
    let all = headers.get_all(SET_COOKIE).filter(|value| !is_ours(value));
    let mut all: Vec<H::Value> = all.cloned().collect();
    all.push(cookie);
    let mut all = all.into_iter();
    if let Some(first) = all.next() {
        headers.insert(SET_COOKIE, first);
    }
    for cookie in all {
        headers.append(SET_COOKIE, cookie);
    }
}

/// Returns the elements of a list (RFC 9110, "Lists").
fn elements(value: &impl AsRef<[u8]>) -> impl Iterator<Item = &[u8]> {
    value
        .as_ref()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
}

const CACHE_CONTROL: &str = "cache-control";
pub(crate) const COOKIE: &str = "cookie";
const SET_COOKIE: &str = "set-cookie";
const VARY: &str = "vary";
/// W3C Clear Site Data, "The `Clear-Site-Data` HTTP Response Header Field".
const CLEAR_SITE_DATA: &str = "clear-site-data";
