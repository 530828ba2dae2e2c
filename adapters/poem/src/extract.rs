//! The extractor.

use std::ops::Deref;

use poem::{FromRequest, Request, RequestBody};
use session_tower::{Error, Exchange, SessionManager, adapter};

use crate::SessionError;

/// The request's session, as a handler's argument.
///
/// It dereferences to a [`session_tower::Session`], which has the verbs: `get`, `put`, `flash`,
/// `regenerate`, `destroy`, and so on. A [`SessionManager`](crate::SessionManager) opens the plain
/// type, in a test for example. `Session::from` converts it.
///
/// On routes that work with and without the middleware, take `Option<Session>`. poem turns every
/// failure into `None`, so it is also `None` if the store is down and the manager refuses requests
/// meanwhile. `poem::Result<Session>` tells the two apart.
///
/// # Examples
///
/// ```
/// use poem::handler;
/// use session_poem::{Session, SessionError};
///
/// #[handler]
/// async fn rename(session: Session, name: String) -> Result<(), SessionError> {
///     session.put("name", name)?;
///     Ok(())
/// }
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

/// Fails with a [`SessionError`]: 500 if the middleware is missing, and 503 if the store is down
/// and the manager refuses requests meanwhile.
impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let session = exchange(request)?.session().await;
        Ok(Self(session.map_err(SessionError::from)?))
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
/// use poem::handler;
/// use session_poem::{Session, SessionError, Sessions};
///
/// #[handler]
/// async fn log_out_others(session: Session, sessions: Sessions) -> Result<String, SessionError> {
///     let user: String = session.get_or("user", String::new())?;
///     let ended = sessions.revoke_all_of(&user, session.peek_id().as_ref()).await?;
///     Ok(format!("{ended} other devices were logged out."))
/// }
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

/// Fails with a [`SessionError`], which becomes a 500, if the middleware is missing.
impl<'a> FromRequest<'a> for Sessions {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(exchange(request)?.manager().clone()))
    }
}

fn exchange(request: &Request) -> Result<&Exchange, SessionError> {
    request.data::<Exchange>().ok_or_else(|| {
        let error = adapter::missing_session(request.method(), path(request), REMEDY);
        SessionError::from(error)
    })
}

/// Returns the request's whole path.
fn path(request: &Request) -> &str {
    match request.original_uri().path() {
        // poem's `TestClient` sets no original URI.
        "/" => request.uri().path(),
        // In a nested route, the request's own URI lacks the prefix.
        path => path,
    }
}

const REMEDY: &str = "add `.with(SessionMiddleware::new(manager))` to the `Route`, \
     after this `.at(…)` or `.nest(…)`; an endpoint outside, such as a fallback at `/*path`, \
     needs its own";
