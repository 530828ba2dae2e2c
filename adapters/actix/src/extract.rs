//! The extractor.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use session_tower::{Error, SessionManager, adapter};

use crate::SessionError;
use crate::headers::Exchange;

/// The request's session, as a handler's argument.
///
/// It dereferences to a [`session_tower::Session`], which has the verbs: `get`, `put`, `flash`,
/// `regenerate`, `destroy`, and so on. A [`SessionManager`](crate::SessionManager) opens the plain
/// type, in a test for example. `Session::from` converts it.
///
/// On routes that work with and without the middleware, take `Option<Session>`. actix-web turns
/// every failure into `None`, so it is also `None` if the store is down and the manager refuses
/// requests meanwhile. `Result<Session, SessionError>` tells the two apart.
///
/// # Examples
///
/// ```
/// use session_actix::{Session, SessionError};
///
/// async fn rename(session: Session, name: String) -> Result<&'static str, SessionError> {
///     session.put("name", name)?;
///     Ok("renamed")
/// }
/// # actix_web::App::new().route("/", actix_web::web::post().to(rename));
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

/// Fails with 500 if the middleware is missing, and with 503 if the store is down and the manager
/// refuses requests meanwhile.
impl FromRequest for Session {
    type Error = SessionError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, SessionError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let exchange = exchange(request);
        Box::pin(async { Ok(Self(exchange?.session().await?)) })
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
/// use session_actix::{Session, SessionError, Sessions};
///
/// async fn log_out_others(session: Session, sessions: Sessions) -> Result<String, SessionError> {
///     let user: String = session.get_or("user", String::new())?;
///     let ended = sessions.revoke_all_of(&user, session.peek_id().as_ref()).await?;
///     Ok(format!("{ended} other devices were logged out."))
/// }
/// # actix_web::App::new().route("/", actix_web::web::post().to(log_out_others));
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

/// Fails with 500 if the middleware is missing.
impl FromRequest for Sessions {
    type Error = SessionError;
    type Future = Ready<Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(exchange(request).map(|exchange| Self(exchange.manager().clone())))
    }
}

fn exchange(request: &HttpRequest) -> Result<Exchange, SessionError> {
    let exchange = request.extensions().get::<Exchange>().cloned();
    exchange
        .ok_or_else(|| adapter::missing_session(request.method(), request.path(), REMEDY).into())
}

const REMEDY: &str = "add `.wrap(SessionMiddleware::new(manager))` to the `App`, or to the scope or \
     resource of this route; a `default_service` outside of it needs its own";
