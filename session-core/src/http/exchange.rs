//! One request's passage through a middleware: what every adapter shares.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::commit::Commit;
use super::fields::{Headers, HeadersMut};
use super::transport::SentTokens;
use crate::commit::open::Opened;
use crate::events::log;
use crate::session::current::{Current, Entered, Scope, Slot};
use crate::{Error, ErrorKind, Session, SessionManager};

/// One request's passage through a middleware, from the request's headers to those of its response.
///
/// A middleware creates one, [nests](Self::nest) it in that of the middleware around it, [opens](Self::open) it, runs the
/// handler in its [scope](Self::scope), and [commits](Self::commit) it. A handler's extractor finds it in the request's
/// extensions. It is meant for authors of adapters.
///
/// `V` is the framework's type for a header's value. An exchange is as easy to use with types of the crate `http` as with
/// those of a framework that has its own [`Headers`].
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use session_core::{Error, Exchange, SessionManager, Unfinished};
///
/// async fn serve(manager: &SessionManager, mut request: Request<()>) -> Result<Response<()>, Error> {
///     let mut exchange = Exchange::new(manager, request.headers());
///     if !exchange.nest(request.extensions().get())? {
///         return Ok(handle(request).await); // The same layer is around this one.
///     }
///     request.extensions_mut().insert(exchange.clone());
///     exchange.open().await?;
///     let mut response = exchange.scope(handle(request)).await;
///     exchange.commit(response.headers_mut(), spawn).await?;
///     Ok(response)
/// }
/// # async fn handle(_: Request<()>) -> Response<()> { Response::new(()) }
/// # fn spawn(_: Unfinished) {}
/// ```
pub struct Exchange<V> {
    inner: Arc<Inner<V>>,
    /// That of the middleware around this one.
    outer: Option<Arc<Self>>,
}

struct Inner<V> {
    manager: SessionManager,
    sent: SentTokens<V>,
    is_background: AtomicBool,
    stage: Mutex<Stage>,
}

/// How far the request has come. The commit alone decides which session is saved.
enum Stage {
    /// No session was opened.
    Unopened,
    /// There is a session, but nobody has asked for it, and its record needs nothing.
    AtRest(String),
    /// The handler may write this session.
    Open(Session),
    /// The response was committed with this session, or without one. A session that is opened now can only be read.
    Committed(Option<Session>),
}

/// The rest of a commit whose request went away.
pub type Unfinished = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<V: AsRef<[u8]> + Send + Sync + 'static> Exchange<V> {
    /// Begins the passage of a request with these headers.
    #[must_use]
    pub fn new<H: Headers<Value = V>>(manager: &SessionManager, headers: &H) -> Self
    where
        V: Clone,
    {
        Self {
            inner: Arc::new(Inner {
                manager: manager.clone(),
                sent: SentTokens::of(manager, headers),
                is_background: AtomicBool::new(false),
                stage: Mutex::new(Stage::Unopened),
            }),
            outer: None,
        }
    }

    /// Marks the request as [`background`](Session::background) before its session is opened.
    pub fn background(&self) {
        self.inner.is_background.store(true, Ordering::Relaxed);
    }

    /// Returns the manager, for a handler that lists or ends sessions.
    #[must_use]
    pub fn manager(&self) -> &SessionManager {
        &self.inner.manager
    }

    /// Tells the exchange which one is around it: the one that the middleware finds in the request's extensions. Then the
    /// middleware puts this one there, for the handler's extractor.
    ///
    /// Returns `false` if that one has the same manager. It counts, and this middleware must pass the request through. A
    /// warning is logged once.
    ///
    /// A middleware with another manager and another cookie name works side by side with this one: handlers inside this
    /// one get this one's session.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Nested`] if a middleware around this one has the same cookie name, but another manager, or the
    /// same one with other sessions in between. The handler must not run on the sessions of the wrong middleware, which may
    /// be weaker. Answer with [`Error::status`].
    pub fn nest(&mut self, outer: Option<&Self>) -> Result<bool, Error> {
        let Some(next) = outer else {
            return Ok(true);
        };
        let manager = &self.inner.manager;
        if Arc::ptr_eq(&next.inner.manager.0, &manager.0) {
            static WARN_ONCE: std::sync::Once = std::sync::Once::new();
            WARN_ONCE.call_once(log::nested);
            return Ok(false);
        }
        let name = manager.cookie_name();
        let mut around = std::iter::successors(Some(next), |outer| outer.outer.as_deref());
        if around.any(|outer| outer.inner.manager.cookie_name() == name) {
            log::nested_stranger(name);
            return Err(Error::new(ErrorKind::Nested));
        }
        self.outer = Some(Arc::new(next.clone()));
        Ok(true)
    }

    /// Opens the session, unless the manager opens sessions lazily.
    ///
    /// # Errors
    ///
    /// The same as [`SessionManager::open`]. Answer with [`Error::status`].
    pub async fn open(&self) -> Result<(), Error> {
        match self.open_now() {
            Some(opened) => opened,
            // Boxed, so that the futures of the common case stay small.
            None => Box::pin(self.inner.open()).await.map(drop),
        }
    }

    /// Opens the session as [`open`](Self::open) does, if that needs no waiting: the driver is
    /// [immediate](crate::Immediate), the manager opens sessions lazily, or the request has no token. Otherwise returns
    /// `None` and does nothing.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    #[must_use = "after an error, the handler must not run"]
    pub fn open_now(&self) -> Option<Result<(), Error>> {
        let inner = &self.inner;
        if inner.manager.opens_lazily() || inner.is_guest() {
            return Some(Ok(()));
        }
        let driver = inner.manager.0.driver().immediate()?;
        let tokens = inner.sent.iter(&inner.manager);
        let opened = inner.manager.look_now(driver, tokens);
        Some(opened.map(|opened| match opened {
            Opened::Session(session) => drop(inner.adopt(session)),
            Opened::AtRest(json) => inner.rest(json),
        }))
    }

    /// Returns the request's session for a handler, and opens it first if necessary. Once the response was committed, the
    /// session can only be read.
    ///
    /// # Errors
    ///
    /// The same as [`SessionManager::open`].
    pub async fn session(&self) -> Result<Session, Error> {
        let session = match self.inner.open_now() {
            Some(opened) => opened?,
            None => Box::pin(self.inner.open()).await?,
        };
        session.take();
        Ok(session)
    }

    /// Runs `future` so that [`Session::current`] returns this request's session.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope::new(self.current(), future)
    }

    /// Calls a service so that [`Session::current`] returns this request's session, both before the service returns its
    /// future and while that runs.
    pub fn call<F: Future>(&self, service: impl FnOnce() -> F) -> Scope<F> {
        let current = self.current();
        let future = {
            let _entered = Entered::new(current.clone());
            service()
        };
        Scope::new(current, future)
    }

    /// Commits the session as [`SessionManager::commit_headers`] does, if it was opened.
    ///
    /// If the returned future is dropped after the commit began, because the client went away, the rest is handed to
    /// `finish`, which must run it to its end: a runtime's `spawn`.
    ///
    /// # Errors
    ///
    /// The same as [`SessionManager::commit_headers`]. Answer with [`Error::status`] instead of the response.
    pub async fn commit(
        &self,
        headers: &mut impl HeadersMut,
        finish: fn(Unfinished),
    ) -> Result<(), Error> {
        self.begin_commit(finish).await.write(headers)
    }

    /// Begins what [`commit`](Self::commit) does, for a middleware that has a future of its own. That one polls the commit
    /// and then [writes](crate::Committed::write) its result into the response's headers. `finish` is as for
    /// [`commit`](Self::commit).
    pub fn begin_commit(&self, finish: fn(Unfinished)) -> Commit {
        Commit::new(self.manager().clone(), self.inner.close(), finish)
    }

    /// Commits the session of a request whose handler failed without a response that could carry a cookie.
    ///
    /// Changes of a stored session are saved and a logout is carried out. But no session is created and no id is
    /// regenerated, with all that was written along: the client would never learn the new id. `finish` is as for
    /// [`commit`](Self::commit). A failure is logged.
    pub async fn commit_without_response(&self, finish: fn(Unfinished)) {
        // What failed is in the log, and nobody is left to tell.
        let _ = self.begin_commit(finish).without_response().await;
    }

    fn current(&self) -> Current {
        match self.inner.opened() {
            Some(session) => Current::Open(session),
            None => Current::Lazy(self.inner.clone()),
        }
    }
}

impl<V: AsRef<[u8]> + Send + Sync> Inner<V> {
    async fn open(&self) -> Result<Session, Error> {
        let tokens = self.sent.iter(&self.manager);
        Ok(self.adopt(self.manager.open(tokens).await?))
    }

    /// Opens the session if that needs no waiting, or returns the one that is open.
    fn open_now(&self) -> Option<Result<Session, Error>> {
        if let Some(session) = self.opened() {
            return Some(Ok(session));
        }
        if self.is_guest() {
            return Some(Ok(self.adopt(self.manager.guest())));
        }
        if let Some(json) = self.take_rest()
            && let Some(session) = self.manager.wake(json)
        {
            return Some(Ok(self.adopt(session)));
        }
        let driver = self.manager.0.driver().immediate()?;
        let tokens = self.sent.iter(&self.manager);
        let opened = self.manager.open_now(driver, tokens);
        Some(opened.map(|session| self.adopt(session)))
    }

    /// Makes this the request's session, unless it has one.
    fn adopt(&self, opened: Session) -> Session {
        if self.is_background.load(Ordering::Relaxed) {
            opened.lock().set_background();
        }
        self.manager.note_carrier(&opened, &self.sent);
        let mut stage = self.stage();
        // If two tasks of one request open at once, both go on with the session of the first.
        match &mut *stage {
            Stage::Open(first) | Stage::Committed(Some(first)) => first.clone(),
            Stage::Unopened | Stage::AtRest(_) => {
                *stage = Stage::Open(opened.clone());
                opened
            }
            Stage::Committed(session @ None) => {
                // The response went out without it, so nothing would save what is written now.
                opened.seal();
                session.insert(opened).clone()
            }
        }
    }

    /// Ends the time in which the session can be written, and returns the session if it was opened.
    fn close(&self) -> Option<Session> {
        let mut stage = self.stage();
        let session = match &*stage {
            Stage::Open(session) => Some(session.clone()),
            Stage::Unopened | Stage::AtRest(_) => None,
            // It is committed once.
            Stage::Committed(_) => return None,
        };
        *stage = Stage::Committed(session.clone());
        session
    }
}

impl<V> Inner<V> {
    /// Returns `true` if the request certainly has no session, and needs none. Then it gets one when somebody asks: nothing
    /// has to be loaded for that.
    fn is_guest(&self) -> bool {
        self.sent.is_empty() && !self.manager.establishes_always()
    }

    fn opened(&self) -> Option<Session> {
        match &*self.stage() {
            Stage::Open(session) | Stage::Committed(Some(session)) => Some(session.clone()),
            Stage::Unopened | Stage::AtRest(_) | Stage::Committed(None) => None,
        }
    }

    /// Keeps the record until somebody asks for its session.
    fn rest(&self, json: String) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Unopened) {
            *stage = Stage::AtRest(json);
        }
    }

    /// Returns the record that nobody has asked for so far. Who asks at the same time opens the session from its token.
    fn take_rest(&self) -> Option<String> {
        let mut stage = self.stage();
        match std::mem::replace(&mut *stage, Stage::Unopened) {
            Stage::AtRest(json) => Some(json),
            other => {
                *stage = other;
                None
            }
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: AsRef<[u8]> + Send + Sync> Slot for Inner<V> {
    fn session(&self) -> Option<Session> {
        if let Some(session) = self.opened() {
            return Some(session);
        }
        if self.manager.opens_lazily() {
            return None;
        }
        self.open_now()?.ok()
    }
}

/// Both refer to the same passage.
impl<V> Clone for Exchange<V> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            outer: self.outer.clone(),
        }
    }
}

impl<V> fmt::Debug for Exchange<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("session", &self.inner.opened())
            .finish_non_exhaustive()
    }
}
