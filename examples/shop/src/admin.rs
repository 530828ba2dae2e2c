//! The admin area, which asks for the password again.

use std::time::Duration;

use axum::extract::{Form, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use session_axum::{Session, SessionRejection, Sessions};

use crate::page::{NOTICE, Page, password};
use crate::user::CONFIRMED_AT;
use crate::users::User;
use crate::{App, forms};

/// An admin who typed the password a short time ago.
pub(crate) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let user = User::from_request_parts(parts, app).await?;
        if !user.is_admin {
            return Err(StatusCode::FORBIDDEN.into_response());
        }
        match has_confirmed(parts).await {
            Ok(true) => Ok(Self),
            Ok(false) => Err(Redirect::to("/confirm").into_response()),
            Err(rejection) => Err(rejection.into_response()),
        }
    }
}

async fn has_confirmed(parts: &mut Parts) -> Result<bool, SessionRejection> {
    let session = Session::from_request_parts(parts, &()).await?;
    let sessions = Sessions::from_request_parts(parts, &()).await?;
    let confirmed_at = session.get(&CONFIRMED_AT)?;
    Ok(confirmed_at.is_some_and(|at| sessions.now().since(at) < RECENTLY))
}

#[derive(Deserialize)]
pub(crate) struct Confirmation {
    password: String,
}

pub(crate) async fn confirm(
    State(app): State<App>,
    user: User,
    session: Session,
    sessions: Sessions,
    Form(form): Form<Confirmation>,
) -> Result<Redirect, SessionRejection> {
    let password_hash = Some(user.password_hash);
    if !app.passwords.verify(form.password, password_hash).await {
        let error = ("password", "The password is wrong.");
        return forms::back(&session, "/confirm", [error], []);
    }
    session.regenerate()?;
    session.put(&CONFIRMED_AT, sessions.now())?;
    Ok(Redirect::to("/admin"))
}

pub(crate) async fn confirm_form(page: Page, _: User) -> Markup {
    page.show(
        "Your password, please",
        html! {
            form.card method="post" {
                p { "The admin area asks again after ten minutes." }
                (password(&page.form, "current-password"))
                button { "Continue" }
            }
        },
    )
}

pub(crate) async fn show(_: Admin, page: Page, State(app): State<App>) -> Markup {
    page.show(
        "Users",
        html! {
            ul.card {
                @for user in app.users.all() {
                    li {
                        span { (user.name) @if user.is_admin { small { "admin" } } }
                        form method="post" {
                            button.quiet name="user" value=(user.id) { "Log out everywhere" }
                        }
                    }
                }
            }
        },
    )
}

#[derive(Deserialize)]
pub(crate) struct EndSessions {
    user: usize,
}

pub(crate) async fn end_sessions(
    _: Admin,
    session: Session,
    sessions: Sessions,
    Form(form): Form<EndSessions>,
) -> Result<Redirect, SessionRejection> {
    let ended = sessions.revoke_all_of(form.user, None).await?;
    session.flash(&NOTICE, format!("Devices that were logged out: {ended}."))?;
    Ok(Redirect::to("/admin"))
}

/// How long the admin area trusts a password.
const RECENTLY: Duration = Duration::from_secs(10 * 60);
