//! The layer.

use session_core::{ConfigError, SessionConfig, SessionManager};
use tower_layer::Layer;

use crate::SessionService;

/// Gives every request that passes through it a session.
///
/// Put it around the routes that need sessions and leave a stateless API outside of it. Where two are nested,
/// the outer one counts and the inner one passes requests through, also if it is meant for other sessions: put layers of
/// different sessions side by side, each around its own routes.
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
#[derive(Clone, Debug)]
pub struct SessionLayer {
    manager: SessionManager,
}

impl SessionLayer {
    /// Creates a layer for the sessions of `manager`.
    #[must_use]
    pub const fn new(manager: SessionManager) -> Self {
        Self { manager }
    }

    /// Creates a layer from the environment; [`SessionConfig::from_env`] lists the variables. To set more in code, take
    /// [`connect`](crate::connect) and [`SessionLayer::new`].
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] naming the variable that is missing or impossible.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::from_config(&SessionConfig::from_env()?).await
    }

    /// Creates a layer from settings.
    ///
    /// # Errors
    ///
    /// As [`connect`](crate::connect), or when the settings do not go together.
    pub async fn from_config(config: &SessionConfig) -> Result<Self, ConfigError> {
        Ok(Self::new(crate::connect(config).await?.build()?))
    }

    /// Returns the manager, to open sessions outside of requests.
    #[must_use]
    pub const fn manager(&self) -> &SessionManager {
        &self.manager
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
        SessionService::new(inner, self.manager.clone())
    }
}
