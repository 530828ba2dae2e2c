//! The middleware.

use poem::{Endpoint, IntoResponse, Middleware, Request, Response};
use session_tower::{ConfigError, Exchange, SessionConfig, SessionLayer, SessionManager, finish};

use crate::SessionError;

/// Gives every request that passes through it a session.
///
/// Put it around the routes that need sessions and leave a stateless API outside of it. Where two are nested,
/// the outer one counts and the inner one passes requests through, also if it is meant for other sessions: put
/// middlewares of different sessions side by side, each around its own routes.
///
/// What is inside may fail: the session is saved, and the error becomes its response here, so that it carries the
/// cookie. See [the crate's page](crate#errors-and-what-sees-them).
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
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    layer: SessionLayer,
}

impl SessionMiddleware {
    /// Creates a middleware for the sessions of `manager`.
    #[must_use]
    pub const fn new(manager: SessionManager) -> Self {
        Self {
            layer: SessionLayer::new(manager),
        }
    }

    /// Creates a middleware from the environment; [`SessionConfig::from_env`] lists the variables. To set more in code,
    /// take [`connect`](crate::connect) and [`SessionMiddleware::new`].
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] naming the variable that is missing or impossible.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let layer = SessionLayer::from_env().await?;
        Ok(Self { layer })
    }

    /// Creates a middleware from settings.
    ///
    /// # Errors
    ///
    /// As [`connect`](crate::connect), or when the settings do not go together.
    pub async fn from_config(config: &SessionConfig) -> Result<Self, ConfigError> {
        let layer = SessionLayer::from_config(config).await?;
        Ok(Self { layer })
    }

    /// Returns the manager, to open sessions outside of requests.
    #[must_use]
    pub const fn manager(&self) -> &SessionManager {
        self.layer.manager()
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
            manager: self.manager().clone(),
        }
    }
}

/// An endpoint whose requests have a session. Made by [`SessionMiddleware`].
#[derive(Clone, Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    manager: SessionManager,
}

/// Fails with a [`SessionError`] where the store is down and the manager is to refuse then, and with nothing else: what
/// fails inside has become a response.
impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let exchange = Exchange::new(&self.manager, request.headers());
        if !exchange.attach(request.extensions_mut()) {
            let output = self.inner.call(request).await;
            return output.map(IntoResponse::into_response);
        }
        exchange.open().await.map_err(SessionError::from)?;
        let mut response = exchange.scope(self.inner.get_response(request)).await;
        let committed = exchange.commit(response.headers_mut(), finish).await;
        committed.map_err(SessionError::from)?;
        Ok(response)
    }
}
