//! The layer.

use http::request::Parts;
use session_tower::{ConfigError, SessionConfig, SessionManager};
use tower_layer::Layer;

use crate::SessionService;

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
/// use axum::{Router, routing::get};
/// use session_axum::{CookieDriver, Secret, SessionLayer, SessionManager};
///
/// let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let pages = Router::<()>::new().route("/", get(|| async { "page" })).layer(SessionLayer::new(manager));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionLayer(session_tower::SessionLayer);

impl SessionLayer {
    /// Creates a layer for the sessions of `manager`.
    #[must_use]
    pub const fn new(manager: SessionManager) -> Self {
        Self(session_tower::SessionLayer::new(manager))
    }

    /// Creates a layer from environment variables; [`SessionConfig::from_env`] lists them. To set
    /// more in code, use [`builder`](crate::builder) and [`SessionLayer::new`].
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the variable if one is missing or invalid.
    pub async fn from_env() -> Result<Self, ConfigError> {
        session_tower::SessionLayer::from_env().await.map(Self)
    }

    /// Creates a layer from settings.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`builder`](crate::builder), or a [`ConfigError`] if settings
    /// contradict each other.
    pub async fn from_config(config: &SessionConfig) -> Result<Self, ConfigError> {
        let layer = session_tower::SessionLayer::from_config(config).await;
        layer.map(Self)
    }

    /// Marks the requests for which `rule` returns `true` as
    /// [`background`](session_tower::Session::background): they renew nothing, and leave flash for
    /// the next page. Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_axum::{CookieDriver, Secret, SessionLayer, SessionManager};
    /// # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
    /// let layer = SessionLayer::new(manager)
    ///     .background(|request| request.uri.path().starts_with("/poll/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn background(self, rule: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self(self.0.background(rule))
    }

    /// Returns the manager, which opens sessions outside requests.
    #[must_use]
    pub const fn manager(&self) -> &SessionManager {
        self.0.manager()
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
        SessionService::new(inner, self.0.clone())
    }
}
