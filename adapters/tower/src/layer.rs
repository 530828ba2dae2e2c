//! The layer.

use std::fmt;
use std::sync::Arc;

use http::Request;
use http::request::Parts;
use session_core::{ConfigError, SessionConfig, SessionManager};
use tower_layer::Layer;

use crate::{Exchange, SessionService};

/// Gives every request that passes through it a session.
///
/// Put it around the routes that need sessions, and keep a stateless API outside. A layer inside
/// another one of the same manager passes requests through. With another manager and another cookie
/// name, both work side by side, and handlers inside the inner layer get the inner session. With
/// another manager and the same cookie name, every request is answered with 500.
///
/// # Examples
///
/// ```
/// use session_tower::{CookieDriver, Secret, SessionLayer, SessionManager};
///
/// let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let layer = SessionLayer::new(manager);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SessionLayer {
    manager: SessionManager,
    background: Option<Arc<Rule>>,
}

/// Decides about a request by its head.
type Rule = dyn Fn(&Parts) -> bool + Send + Sync;

impl SessionLayer {
    /// Creates a layer for the sessions of `manager`.
    #[must_use]
    pub const fn new(manager: SessionManager) -> Self {
        Self {
            manager,
            background: None,
        }
    }

    /// Creates a layer from environment variables; [`SessionConfig::from_env`] lists them. To set
    /// more in code, use [`builder`](crate::builder) and [`SessionLayer::new`].
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the variable if one is missing or invalid.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::from_config(&SessionConfig::from_env()?).await
    }

    /// Creates a layer from settings.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`builder`](crate::builder), or a [`ConfigError`] if settings
    /// contradict each other.
    pub async fn from_config(config: &SessionConfig) -> Result<Self, ConfigError> {
        Ok(Self::new(crate::builder(config).await?.build()?))
    }

    /// Marks the requests for which `rule` returns `true` as
    /// [`background`](session_core::Session::background): they renew nothing, and leave flash for
    /// the next page. Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_tower::{CookieDriver, Secret, SessionLayer, SessionManager};
    /// # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
    /// let layer = SessionLayer::new(manager)
    ///     .background(|request| request.uri.path().starts_with("/poll/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn background(mut self, rule: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.background = Some(Arc::new(rule));
        self
    }

    /// Returns the manager, which opens sessions outside requests.
    #[must_use]
    pub const fn manager(&self) -> &SessionManager {
        &self.manager
    }

    /// Begins the exchange of a request.
    pub(crate) fn exchange<B>(&self, request: Request<B>) -> (Exchange, Request<B>) {
        let exchange = Exchange::new(&self.manager, request.headers());
        let Some(rule) = &self.background else {
            return (exchange, request);
        };
        let (parts, body) = request.into_parts();
        if rule(&parts) {
            exchange.background();
        }
        (exchange, Request::from_parts(parts, body))
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

impl From<SessionManager> for SessionLayer {
    fn from(manager: SessionManager) -> Self {
        Self::new(manager)
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.clone())
    }
}
