//! The middleware.

use std::fmt;
use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Middleware, Request, Response};
use session_tower::adapter::spawn_unfinished;
use session_tower::{ConfigError, Exchange, SessionConfig, SessionManager};

use crate::SessionError;

/// Gives every request that passes through it a session.
///
/// Put it around the routes that need sessions, and keep a stateless API outside. A middleware
/// inside another one of the same manager passes requests through. With another manager and another
/// cookie name, both work side by side, and handlers inside the inner one get the inner session. With
/// another manager and the same cookie name, every request is answered with 500.
///
/// If a handler fails, its session is saved and its error becomes a response here, so that the
/// response carries the cookie. See [the crate's page](crate#errors-and-who-sees-them).
///
/// # Examples
///
/// ```
/// use poem::{EndpointExt, Route, endpoint::make_sync};
/// use session_poem::{CookieDriver, Secret, SessionManager, SessionMiddleware};
///
/// let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let app = Route::new().at("/", make_sync(|_| "hello")).with(SessionMiddleware::new(manager));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SessionMiddleware {
    manager: SessionManager,
    background: Option<Arc<Rule>>,
}

/// Decides about a request by its head.
type Rule = dyn Fn(&Request) -> bool + Send + Sync;

impl SessionMiddleware {
    /// Creates a middleware for the sessions of `manager`.
    #[must_use]
    pub const fn new(manager: SessionManager) -> Self {
        Self {
            manager,
            background: None,
        }
    }

    /// Creates a middleware from environment variables; [`SessionConfig::from_env`] lists them. To
    /// set more in code, use [`builder`](crate::builder) and [`SessionMiddleware::new`].
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the variable if one is missing or invalid.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::from_config(&SessionConfig::from_env()?).await
    }

    /// Creates a middleware from settings.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`builder`](crate::builder), or a [`ConfigError`] if settings
    /// contradict each other.
    pub async fn from_config(config: &SessionConfig) -> Result<Self, ConfigError> {
        Ok(Self::new(crate::builder(config).await?.build()?))
    }

    /// Marks the requests for which `rule` returns `true` as
    /// [`background`](session_tower::Session::background): they renew nothing, and leave flash for
    /// the next page. Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_poem::{CookieDriver, Secret, SessionManager, SessionMiddleware};
    /// # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
    /// let middleware = SessionMiddleware::new(manager)
    ///     .background(|request| request.uri().path().starts_with("/poll/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn background(mut self, rule: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.background = Some(Arc::new(rule));
        self
    }

    /// Returns the manager, which opens sessions outside requests.
    #[must_use]
    pub const fn manager(&self) -> &SessionManager {
        &self.manager
    }
}

impl From<SessionManager> for SessionMiddleware {
    fn from(manager: SessionManager) -> Self {
        Self::new(manager)
    }
}

impl<E: Endpoint> Middleware<E> for SessionMiddleware {
    type Output = SessionEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SessionEndpoint {
            inner,
            sessions: self.clone(),
        }
    }
}

impl fmt::Debug for SessionMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMiddleware")
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

/// An endpoint whose requests have a session. Created by [`SessionMiddleware`].
#[derive(Clone, Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    sessions: SessionMiddleware,
}

/// Fails with a [`SessionError`] if the store is down and the manager refuses requests meanwhile.
/// Errors from inside become responses.
impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let mut exchange = Exchange::new(&self.sessions.manager, request.headers());
        let rule = self.sessions.background.as_deref();
        if rule.is_some_and(|rule| rule(&request)) {
            exchange.background();
        }
        let nested = exchange.nest(request.data());
        if !nested.map_err(SessionError::from)? {
            let output = self.inner.call(request).await;
            return output.map(IntoResponse::into_response);
        }
        request.set_data(exchange.clone());
        exchange.open().await.map_err(SessionError::from)?;
        let mut response = exchange.scope(self.inner.get_response(request)).await;
        let committed = exchange.commit(response.headers_mut(), spawn_unfinished);
        committed.await.map_err(SessionError::from)?;
        Ok(response)
    }
}
