//! The extractor.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use session_tower::{Error, ErrorKind, Exchange};

use crate::SessionRejection;

session_tower::native_session! {
    /// The request's session, as a handler's argument.
    ///
    /// It is a [`session_tower::Session`], whose verbs it has by `Deref`: `get`, `put`, `flash`, `regenerate`,
    /// `destroy` and so on. Take `Option<Session>` where the layer may be missing. What a
    /// [`SessionManager`](crate::SessionManager) opens, in a test for example, is the plain one: `Session::from` makes it
    /// this.
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
    pub struct Session;
}

/// Rejects with 500 where the layer is missing, and with 503 where the store is down and the manager is to
/// refuse then.
impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        match session(parts).await? {
            Some(session) => Ok(session),
            None => {
                tracing::error!(
                    target: "session",
                    "no session layer around this route: add `.layer(SessionLayer::new(manager))` after its `.route(…)`",
                );
                Err(Error::new(ErrorKind::Missing).into())
            }
        }
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

async fn session(parts: &Parts) -> Result<Option<Session>, SessionRejection> {
    match parts.extensions.get::<Exchange>() {
        Some(exchange) => Ok(Some(Session(exchange.session().await?))),
        None => Ok(None),
    }
}
