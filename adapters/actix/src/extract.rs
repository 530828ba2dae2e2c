//! The extractor.

use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use session_tower::{Error, adapter};

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
        let exchange = request.extensions().get::<Exchange>().cloned();
        let exchange = exchange
            .ok_or_else(|| adapter::missing_session(request.method(), request.path(), REMEDY));
        Box::pin(async { Ok(Self(exchange?.session().await?)) })
    }
}

const REMEDY: &str = "add `.wrap(SessionMiddleware::new(manager))` to the `App`, or to the scope or \
     resource of this route; a `default_service` outside of it needs its own";
