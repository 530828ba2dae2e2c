//! The extractor.

use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, OriginalUri};
use http::request::Parts;
use session_tower::{Error, Exchange, SessionManager, adapter};

use crate::SessionRejection;

/// The request's session, as a handler's argument.
///
/// It dereferences to a [`session_tower::Session`], which has the verbs: `get`, `put`, `flash`,
/// `regenerate`, `destroy`, and so on. On routes that work with and without the layer, take
/// `Option<Session>`.
///
/// A [`SessionManager`](crate::SessionManager) opens the plain type, in a test for example.
/// `Session::from` converts it.
///
/// # Examples
///
/// ```
/// use session_axum::{Session, SessionRejection};
///
/// async fn rename(session: Session, name: String) -> Result<(), SessionRejection> {
///     session.put("name", name)?;
///     Ok(())
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::post(rename));
/// ```
#[derive(Clone, Debug)]
pub struct Session(session_tower::Session);

impl Session {
    /// Returns the session of the running task, for code that is far from the handler.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Missing`](crate::ErrorKind::Missing) outside a request with a session
    /// and, if sessions open lazily, before the handler takes its session.
    pub fn current() -> Result<Self, Error> {
        session_tower::Session::current().map(Self)
    }

    /// Returns the session of the running task, `None` if there is none.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        session_tower::Session::try_current().map(Self)
    }
}

impl Deref for Session {
    type Target = session_tower::Session;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<session_tower::Session> for Session {
    fn from(session: session_tower::Session) -> Self {
        Self(session)
    }
}

impl From<Session> for session_tower::Session {
    fn from(session: Session) -> Self {
        session.0
    }
}

/// Rejects with 500 if the layer is missing, and with 503 if the store is down and the manager
/// refuses requests meanwhile.
impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        session(parts).await?.ok_or_else(|| missing(parts).into())
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        session(parts).await
    }
}

/// The manager of the request's sessions, as a handler's argument: to list a user's sessions, or to
/// end them.
///
/// It dereferences to a [`SessionManager`].
///
/// # Examples
///
/// ```
/// use session_axum::{Session, SessionRejection, Sessions};
///
/// async fn log_out_others(session: Session, sessions: Sessions) -> Result<String, SessionRejection> {
///     let user: String = session.get_or("user", String::new())?;
///     let ended = sessions.revoke_all_of(&user, session.peek_id().as_ref()).await?;
///     Ok(format!("{ended} other devices were logged out."))
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::post(log_out_others));
/// ```
#[derive(Clone, Debug)]
pub struct Sessions(SessionManager);

impl Deref for Sessions {
    type Target = SessionManager;

    fn deref(&self) -> &SessionManager {
        &self.0
    }
}

impl From<SessionManager> for Sessions {
    fn from(manager: SessionManager) -> Self {
        Self(manager)
    }
}

/// Rejects with 500 if the layer is missing.
impl<S: Sync> FromRequestParts<S> for Sessions {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        match parts.extensions.get::<Exchange>() {
            Some(exchange) => Ok(Self(exchange.manager().clone())),
            None => Err(missing(parts).into()),
        }
    }
}

async fn session(parts: &Parts) -> Result<Option<Session>, SessionRejection> {
    match parts.extensions.get::<Exchange>() {
        Some(exchange) => Ok(Some(Session(exchange.session().await?))),
        None => Ok(None),
    }
}

fn missing(parts: &Parts) -> Error {
    // In a nested router, the request's own URI lacks the prefix.
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
    adapter::missing_session(&parts.method, uri.path(), REMEDY)
}

const REMEDY: &str = "add `.layer(SessionLayer::new(manager))` to the router, \
     after this `.route(…)` or `.fallback(…)`; `.route_layer(…)` does not cover fallbacks";
