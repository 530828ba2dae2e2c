//! Sessions over `http::HeaderMap`: what every adapter shares.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};

use crate::current::{Current, Scope, Slot};
use crate::options::{Caching, OnSaveFailure};
use crate::state::Plan;
use crate::{Error, ErrorKind, Outcome, Session, SessionManager, events};

/// # Over HTTP headers (feature `http`)
impl SessionManager {
    /// Opens the session of a request with these headers. All its Cookie headers are read, and whatever
    /// else stands in them is passed over.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_headers(&self, headers: &HeaderMap) -> Result<Session, Error> {
        self.open(tokens(headers.get_all(COOKIE), self.cookie_name()))
            .await
    }

    /// Commits the session and writes what follows from that into the response's headers: Set-Cookie,
    /// appended to those of others; `Vary: Cookie` if the response depended on the session; and
    /// `Cache-Control: no-store` if it sets the cookie and the handler chose nothing else.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit), if the manager is to refuse the response then
    /// ([`OnSaveFailure::Refuse`]). By default the failure is logged and the response stands, without a cookie.
    pub async fn commit_headers(
        &self,
        session: &Session,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let result = self.commit(session).await;
        self.write_headers(session, result, headers)
    }

    fn write_headers(
        &self,
        session: &Session,
        result: Result<Outcome, Error>,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) if self.0.options.on_save_failure == OnSaveFailure::Refuse => {
                return Err(error);
            }
            Err(_) => Outcome::Keep,
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
        if let Some(cookie) = cookie {
            if caching && !headers.contains_key(CACHE_CONTROL) {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            remove_set_cookie(headers, self.cookie_name());
            headers.append(SET_COOKIE, cookie);
        }
        Ok(())
    }
}

/// The status that an HTTP service answers an error of a session with.
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

/// One request's passage through a middleware: from its headers to those of its response.
///
/// A middleware makes one, [attaches](Self::attach) it to the request, [opens](Self::open) it, runs the handler in its
/// [scope](Self::scope) and [commits](Self::commit) it. A handler's extractor finds it among the request's
/// extensions. For authors of adapters.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use session_core::{Error, Exchange, SessionManager, Unfinished};
///
/// async fn serve(manager: &SessionManager, mut request: Request<()>) -> Result<Response<()>, Error> {
///     let exchange = Exchange::new(manager, request.headers());
///     if !exchange.attach(request.extensions_mut()) {
///         return Ok(handle(request).await); // Another middleware is around this one.
///     }
///     exchange.open().await?;
///     let mut response = exchange.scope(handle(request)).await;
///     exchange.commit(response.headers_mut(), spawn).await?;
///     Ok(response)
/// }
/// # async fn handle(_: Request<()>) -> Response<()> { Response::new(()) }
/// # fn spawn(_: Unfinished) {}
/// ```
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

struct Inner {
    manager: SessionManager,
    cookies: Vec<HeaderValue>,
    session: OnceLock<Session>,
}

/// What is left of a commit whose request went away.
pub type Unfinished = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Exchange {
    /// Begins the passage of a request with these headers.
    #[must_use]
    pub fn new(manager: &SessionManager, headers: &HeaderMap) -> Self {
        Self(Arc::new(Inner {
            manager: manager.clone(),
            cookies: headers.get_all(COOKIE).iter().cloned().collect(),
            session: OnceLock::new(),
        }))
    }

    /// Puts itself into the request's extensions, for the handler's extractor.
    ///
    /// False where another middleware has done so already: that one counts, and this one must pass the request
    /// through. It says so once in the log.
    #[must_use]
    pub fn attach(&self, extensions: &mut Extensions) -> bool {
        if extensions.get::<Self>().is_some() {
            static WARN_ONCE: std::sync::Once = std::sync::Once::new();
            WARN_ONCE.call_once(events::nested);
            return false;
        }
        extensions.insert(self.clone());
        true
    }

    /// Opens the session, unless the manager opens sessions lazily.
    ///
    /// # Errors
    ///
    /// As [`SessionManager::open`]: answer with [`Error::status`].
    pub async fn open(&self) -> Result<(), Error> {
        if !self.0.manager.opens_lazily() {
            self.session().await?;
        }
        Ok(())
    }

    /// Returns the request's session and opens it if that is still to be done.
    ///
    /// # Errors
    ///
    /// As [`SessionManager::open`].
    pub async fn session(&self) -> Result<Session, Error> {
        if let Some(session) = self.0.session.get() {
            return Ok(session.clone());
        }
        let manager = &self.0.manager;
        let opened = manager
            .open(tokens(&self.0.cookies, manager.cookie_name()))
            .await?;
        // If two tasks of one request open at once, both go on with the session of the first.
        Ok(self.0.session.get_or_init(|| opened).clone())
    }

    /// Runs `future` so that [`Session::current`] gives this request's session.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        let current = match self.0.session.get() {
            Some(session) => Current::Open(session.clone()),
            None => Current::Lazy(self.0.clone()),
        };
        Scope { current, future }
    }

    /// Commits the session as [`SessionManager::commit_headers`] does, if it was opened.
    ///
    /// When the returned future is dropped after the commit began, because the client went away, the rest is
    /// handed to `finish`, which is to run it to its end: a runtime's `spawn`.
    ///
    /// # Errors
    ///
    /// As [`SessionManager::commit_headers`]: answer with [`Error::status`] instead of the response.
    pub async fn commit(
        &self,
        headers: &mut HeaderMap,
        finish: fn(Unfinished),
    ) -> Result<(), Error> {
        let Some(session) = self.0.session.get() else {
            return Ok(());
        };
        let manager = &self.0.manager;
        let result = match manager.close(session) {
            Ok(Plan::Keep) => Ok(Outcome::Keep),
            plan => {
                let manager = manager.clone();
                Finishing {
                    future: Some(Box::pin(async move { manager.carry_out(plan).await })),
                    finish,
                }
                .await
            }
        };
        manager.write_headers(session, result, headers)
    }
}

impl Slot for Inner {
    fn session(&self) -> Option<Session> {
        self.session.get().cloned()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("session", &self.0.session.get())
            .finish_non_exhaustive()
    }
}

type Committing = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

/// Runs a commit, and does not let go of it when dropped.
struct Finishing {
    future: Option<Committing>,
    finish: fn(Unfinished),
}

impl Future for Finishing {
    type Output = Result<Outcome, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let result = future.as_mut().poll(cx);
        if result.is_ready() {
            self.future = None;
        }
        result
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            (self.finish)(Box::pin(async move {
                // What failed is in the log, and there is nobody left to tell.
                let _ = future.await;
            }));
        }
    }
}

/// The values of all cookies of this name (RFC 6265, "The Cookie Header Field"), in their order.
fn tokens<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    name: &'a str,
) -> impl Iterator<Item = &'a str> {
    headers
        .into_iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| {
            let value = pair
                .trim_ascii()
                .strip_prefix(name.as_bytes())?
                .strip_prefix(b"=")?;
            std::str::from_utf8(value).ok()
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

/// Removes what the handler itself set under this name: two would contradict each other.
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
