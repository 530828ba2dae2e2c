//! Sessions over `http::HeaderMap`.

use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::cookie::header;
use crate::{
    Caching, ClearSiteData, Error, ErrorKind, OnSaveFailure, Outcome, Session, SessionManager,
    events,
};

/// # Over HTTP headers (feature `http`)
impl SessionManager {
    /// Opens the session of a request with these headers. All its Cookie headers are read. Other cookies in them are
    /// ignored.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    pub async fn open_headers(&self, headers: &HeaderMap) -> Result<Session, Error> {
        self.open(tokens(headers.get_all(COOKIE), self.cookie_name()))
            .await
    }

    /// Commits the session and writes the result into the response's headers: Set-Cookie, appended to those of others;
    /// `Vary: Cookie`, if the response depends on the session; and `Cache-Control: no-store`, if the response sets the
    /// cookie and the handler did not choose `private` or `no-store`. A response that sets the cookie never stays
    /// publicly cacheable: a shared cache would hand one visitor's cookie to all. A logout also adds
    /// [`ClearSiteData`], if the manager was built with it.
    ///
    /// # Errors
    ///
    /// The same as [`commit`](Self::commit), if [`OnSaveFailure`] says that the response is refused. By default only a
    /// logout that failed is. Other failures are logged, and the response stands without a cookie.
    pub async fn commit_headers(
        &self,
        session: &Session,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let (is_logout, result) = match self.plan(session).await {
            Ok(mut plan) => (plan.is_logout(), self.carry_out(&mut plan).await),
            Err(error) => (false, Err(error)),
        };
        self.write_headers(session, result, is_logout, headers)
    }

    pub(crate) fn write_headers(
        &self,
        session: &Session,
        result: Result<Outcome, Error>,
        is_logout: bool,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let is_logged_out = is_logout && result.is_ok();
        let outcome = match (result, self.0.options.on_save_failure) {
            (Ok(outcome), _) => outcome,
            // A page that says goodbye while the session lives is a lie.
            (Err(error), OnSaveFailure::RefuseLogout) if is_logout => return Err(error),
            (Err(error), OnSaveFailure::Refuse) => return Err(error),
            (Err(_), _) => Outcome::Keep,
        };
        let cookie = self
            .set_cookie(&outcome)
            .map(HeaderValue::try_from)
            .transpose()
            .map_err(|source| Error::new(ErrorKind::Encode).with_source(source))?;
        let caching = self.0.options.caching == Caching::Headers;
        if caching && (cookie.is_some() || session.is_accessed()) {
            vary_by_cookie(headers);
        }
        if let Some(mut cookie) = cookie {
            if caching && !is_private(headers) {
                if headers.contains_key(CACHE_CONTROL) {
                    events::made_private();
                }
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            // So that a log of the headers does not show the token, and HTTP/2 does not index it.
            cookie.set_sensitive(true);
            remove_set_cookie(headers, self.cookie_name());
            headers.append(SET_COOKIE, cookie);
        }
        if is_logged_out {
            clear_site_data(self.0.options.clear_site_data, headers);
        }
        Ok(())
    }
}

/// The status with which an HTTP service answers an error.
impl Error {
    /// Returns 413 for [`ErrorKind::TooLarge`], 503 for [`ErrorKind::Unavailable`] and
    /// [`ErrorKind::Conflict`], and 500 for the others.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.kind() {
            ErrorKind::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unavailable | ErrorKind::Conflict => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The session's tokens among all Cookie headers of a request, in their order.
pub(crate) fn tokens<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    name: &'a str,
) -> impl Iterator<Item = &'a str> {
    headers.into_iter().flat_map(move |value| {
        let mut tokens = header::tokens(value.as_bytes(), name).peekable();
        if tokens.peek().is_none() {
            events::unreadable(value.as_bytes(), name);
        }
        tokens
    })
}

/// Returns `true` if the response says that shared caches must not store it (RFC 9111, "Response Directives").
fn is_private(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|directive| {
            directive.eq_ignore_ascii_case(b"private")
                || directive.eq_ignore_ascii_case(b"no-store")
        })
}

/// Adds `Cookie` to what the response varies by.
fn vary_by_cookie(headers: &mut HeaderMap) {
    let names = |value: &HeaderValue| {
        let mut names = value
            .as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii);
        names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"cookie"))
    };
    if headers.get_all(VARY).iter().any(names) {
        return;
    }
    let Some(vary) = headers.get(VARY) else {
        headers.insert(VARY, HeaderValue::from_static("Cookie"));
        return;
    };
    // One line is easier on simple caches than two. The first of several is as good as any.
    match HeaderValue::from_bytes(&[vary.as_bytes(), b", Cookie"].concat()) {
        Ok(vary) => {
            if let Some(first) = headers.get_mut(VARY) {
                *first = vary;
            }
        }
        Err(_) => {
            headers.append(VARY, HeaderValue::from_static("Cookie"));
        }
    }
}

/// Tells the browser what to remove, unless the handler did.
fn clear_site_data(clear: ClearSiteData, headers: &mut HeaderMap) {
    let value = match clear {
        ClearSiteData::Off => return,
        ClearSiteData::Cache => "\"cache\"",
        ClearSiteData::CacheAndStorage => "\"cache\", \"storage\"",
    };
    headers
        .entry(CLEAR_SITE_DATA)
        .or_insert(HeaderValue::from_static(value));
}

/// Removes a cookie that the handler set under this name: two would contradict each other.
fn remove_set_cookie(headers: &mut HeaderMap, name: &str) {
    let is_ours = |value: &HeaderValue| {
        value
            .as_bytes()
            .trim_ascii()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.trim_ascii().starts_with(b"="))
    };
    if !headers.get_all(SET_COOKIE).iter().any(is_ours) {
        return;
    }
    let others: Vec<HeaderValue> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter(|value| !is_ours(value))
        .cloned()
        .collect();
    headers.remove(SET_COOKIE);
    for cookie in others {
        headers.append(SET_COOKIE, cookie);
    }
}

/// W3C Clear Site Data, "The `Clear-Site-Data` HTTP Response Header Field".
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
