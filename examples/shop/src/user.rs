//! The user of a session, as a handler's argument.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use session_axum::{Key, Session, SessionRejection, Timestamp};

use crate::App;
use crate::users::User;

/// The id of the user who is logged in. It names the owner of the session too.
pub(crate) const USER: Key<usize> = Key::new("user_id");
/// When the user typed the password.
pub(crate) const CONFIRMED_AT: Key<Timestamp> = Key::new("confirmed_at");

impl App {
    /// Returns the user of this session, `None` for a guest.
    pub(crate) fn user(&self, session: &Session) -> Result<Option<User>, SessionRejection> {
        Ok(session.get(&USER)?.and_then(|id| self.users.get(id)))
    }
}

/// A handler that takes a `User` is for users only: a guest is sent to the login page.
impl FromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let user = match Session::from_request_parts(parts, app).await {
            Ok(session) => app.user(&session),
            Err(rejection) => Err(rejection),
        };
        let user = user.map_err(IntoResponse::into_response)?;
        user.ok_or_else(|| Redirect::to("/login").into_response())
    }
}
