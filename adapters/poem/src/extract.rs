//! The extractor.

use poem::{FromRequest, Request, RequestBody};
use session_tower::{Error, ErrorKind, Exchange};

use crate::SessionError;

session_tower::native_session! {
    /// The request's session, as a handler's argument.
    ///
    /// It is a [`session_tower::Session`], whose verbs it has by `Deref`: `get`, `put`, `flash`, `regenerate`,
    /// `destroy` and so on. What a [`SessionManager`](crate::SessionManager) opens, in a test for example, is the plain
    /// one: `Session::from` makes it this.
    ///
    /// Take `Option<Session>` where the middleware may be missing. poem makes `None` of every failure, so it is `None`
    /// as well where the store is down and the manager is to refuse then; `poem::Result<Session>` tells the two apart.
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
    pub struct Session;
}

/// Fails with a [`SessionError`]: 500 where the middleware is missing, and 503 where the store is down and the manager is
/// to refuse then.
impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let Some(exchange) = request.data::<Exchange>() else {
            let error = Error::new(ErrorKind::Missing).with_source(REMEDY);
            return Err(SessionError::from(error).into());
        };
        let session = exchange.session().await.map_err(SessionError::from)?;
        Ok(Self(session))
    }
}

/// Logged as the cause, where the failure becomes a response.
const REMEDY: &str =
    "add `.with(SessionMiddleware::new(manager))` after the `.at(…)` of this route";
