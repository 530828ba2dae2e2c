//! One request's passage through a middleware: what every adapter shares.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::header::COOKIE;
use http::{Extensions, HeaderMap, HeaderValue};

use super::headers::tokens;
use crate::commit::plan::Plan;
use crate::session::current::{Current, Entered, Scope, Slot};
use crate::{Error, Outcome, Session, SessionManager, events};

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
    cookie: Option<HeaderValue>,
    /// HTTP/2 clients may send one header for each cookie (RFC 9113, "Compressing the Cookie Header Field").
    more_cookies: Vec<HeaderValue>,
    session: OnceLock<Session>,
    is_committed: AtomicBool,
}

/// What is left of a commit whose request went away.
pub type Unfinished = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Exchange {
    /// Begins the passage of a request with these headers.
    #[must_use]
    pub fn new(manager: &SessionManager, headers: &HeaderMap) -> Self {
        let mut cookies = headers.get_all(COOKIE).iter().cloned();
        Self(Arc::new(Inner {
            manager: manager.clone(),
            cookie: cookies.next(),
            more_cookies: cookies.collect(),
            session: OnceLock::new(),
            is_committed: AtomicBool::new(false),
        }))
    }

    /// Puts itself into the request's extensions, for the handler's extractor.
    ///
    /// False where another middleware has done so already: that one counts, and this one must pass the request
    /// through. The log says so, once if both have the same manager, and as an error for every request otherwise.
    #[must_use]
    pub fn attach(&self, extensions: &mut Extensions) -> bool {
        if let Some(outer) = extensions.get::<Self>() {
            let (outer, inner) = (&outer.0.manager, &self.0.manager);
            if Arc::ptr_eq(&outer.0, &inner.0) {
                static WARN_ONCE: std::sync::Once = std::sync::Once::new();
                WARN_ONCE.call_once(events::nested);
            } else {
                events::nested_stranger(outer.cookie_name(), inner.cookie_name());
            }
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

    /// Returns the request's session and opens it if that is still to be done. Once the response was committed it
    /// can only be read.
    ///
    /// # Errors
    ///
    /// As [`SessionManager::open`].
    pub async fn session(&self) -> Result<Session, Error> {
        if let Some(session) = self.0.session.get() {
            return Ok(session.clone());
        }
        let manager = &self.0.manager;
        let opened = manager.open(self.0.tokens()).await?;
        // If two tasks of one request open at once, both go on with the session of the first.
        let session = self.0.session.get_or_init(|| opened).clone();
        fence(Ordering::SeqCst);
        if self.0.is_committed.load(Ordering::SeqCst) {
            // The response went out without it, so nothing would save what is written now.
            session.seal();
        }
        Ok(session)
    }

    /// Runs `future` so that [`Session::current`] gives this request's session.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope::new(self.current(), future)
    }

    /// Runs `work` so that [`Session::current`] gives this request's session: what a handler does before it returns its
    /// future.
    pub fn scope_sync<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = Entered::new(self.current());
        work()
    }

    fn current(&self) -> Current {
        match self.0.session.get() {
            Some(session) => Current::Open(session.clone()),
            None => Current::Lazy(self.0.clone()),
        }
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
        self.0.is_committed.store(true, Ordering::SeqCst);
        // With the one where a session is opened: either it is seen here, or it sees that it comes too late.
        fence(Ordering::SeqCst);
        let Some(session) = self.0.session.get() else {
            return Ok(());
        };
        let manager = &self.0.manager;
        let result = match manager.plan(session) {
            Ok(Plan::Keep) => Ok(Outcome::Keep),
            Err(error) => Err(error),
            Ok(plan) => {
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

impl Inner {
    fn tokens(&self) -> impl Iterator<Item = &str> {
        let cookies = self.cookie.iter().chain(&self.more_cookies);
        tokens(cookies, self.manager.cookie_name())
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
        // Taken out while it runs: one that panics is not run again.
        let Some(mut future) = self.future.take() else {
            return Poll::Pending;
        };
        let result = future.as_mut().poll(cx);
        if result.is_pending() {
            self.future = Some(future);
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
