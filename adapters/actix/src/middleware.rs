//! The middleware.

use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::HeaderMap;
use actix_web::{Error, HttpMessage};
use session_tower::adapter::spawn_unfinished;
use session_tower::{ConfigError, SessionConfig, SessionManager};

use crate::SessionError;
use crate::headers::{Exchange, Fields};

/// Gives every request that passes through it a session.
///
/// Create it once, and clone it in the closure of `HttpServer::new`: all worker threads share the
/// manager and its store.
///
/// Put it around the routes that need sessions, and keep a stateless API outside. A middleware
/// inside another one of the same manager passes requests through. With another manager and another
/// cookie name, both work side by side, and handlers inside the inner one get the inner session. With
/// another manager and the same cookie name, every request is answered with 500.
///
/// # Examples
///
/// ```
/// use actix_web::{App, web};
/// use session_actix::{CookieDriver, Secret, SessionManager, SessionMiddleware};
///
/// let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let sessions = SessionMiddleware::new(manager);
/// let app = App::new().wrap(sessions).route("/", web::get().to(async || "hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SessionMiddleware {
    manager: SessionManager,
    background: Option<Arc<Rule>>,
}

/// Decides about a request by its head.
type Rule = dyn Fn(&ServiceRequest) -> bool + Send + Sync;

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
    /// # use session_actix::{CookieDriver, Secret, SessionManager, SessionMiddleware};
    /// # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
    /// let middleware = SessionMiddleware::new(manager)
    ///     .background(|request| request.path().starts_with("/poll/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn background(
        mut self,
        rule: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
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

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService {
            inner: Rc::new(inner),
            sessions: self.clone(),
        }))
    }
}

impl fmt::Debug for SessionMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMiddleware")
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

/// A service whose requests have a session. Created by [`SessionMiddleware`].
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: Rc<S>,
    sessions: SessionMiddleware,
}

/// Fails with a [`SessionError`] if the store is down and the manager refuses requests meanwhile.
/// Errors from inside keep their response and their text, and get the cookie.
impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let mut exchange = Exchange::new(&self.sessions.manager, &Fields(request.headers()));
        let rule = self.sessions.background.as_deref();
        if rule.is_some_and(|rule| rule(&request)) {
            exchange.background();
        }
        let nested = exchange.nest(request.extensions().get());
        let inner = Rc::clone(&self.inner);
        Box::pin(async move {
            if !nested.map_err(SessionError::from)? {
                return inner.call(request).await;
            }
            request.extensions_mut().insert(exchange.clone());
            exchange.open().await.map_err(SessionError::from)?;
            match exchange.call(|| inner.call(request)).await {
                Ok(mut response) => {
                    commit(&exchange, response.headers_mut()).await?;
                    Ok(response)
                }
                // An error has no headers, so it becomes a response, and is still an error outside.
                Err(error) => {
                    let mut response = error.error_response();
                    commit(&exchange, response.headers_mut()).await?;
                    Err(InternalError::from_response(error, response).into())
                }
            }
        })
    }
}

async fn commit(exchange: &Exchange, headers: &mut HeaderMap) -> Result<(), SessionError> {
    let mut fields = Fields(headers);
    Ok(exchange.commit(&mut fields, spawn_unfinished).await?)
}
