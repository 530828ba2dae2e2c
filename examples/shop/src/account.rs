//! Signup, login, and logout.

use std::time::Duration;

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;
use session_axum::{Error, Session, SessionRejection, Sessions};

use crate::page::{NOTICE, Page, field, password};
use crate::user::{CONFIRMED_AT, USER};
use crate::users::User;
use crate::{App, devices, forms};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    /// A box that is not checked is not sent.
    remember: Option<String>,
}

pub(crate) async fn sign_up(
    State(app): State<App>,
    session: Session,
    sessions: Sessions,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Redirect, SessionRejection> {
    let name = form.name.trim();
    let refuse = |error| forms::back(&session, "/signup", [error], [("name", name)]);
    if name.is_empty() || name.chars().count() > 40 {
        return refuse(("name", "A name has 1 to 40 characters."));
    }
    if form.password.chars().count() < 15 {
        return refuse(("password", "A password has at least 15 characters."));
    }
    let password_hash = app.passwords.hash(form.password).await;
    let Some(user) = app.users.create(name, password_hash) else {
        return refuse(("name", "This name is taken."));
    };
    start(&session, &sessions, &user, &headers)?;
    remember(&session, false)?;
    session.flash(&NOTICE, format!("Welcome, {}!", user.name))?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn log_in(
    State(app): State<App>,
    session: Session,
    sessions: Sessions,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Redirect, SessionRejection> {
    let user = app.users.find(&form.name);
    let password_hash = user.as_ref().map(|user| user.password_hash.clone());
    let is_right = app.passwords.verify(form.password, password_hash).await;
    let Some(user) = user.filter(|_| is_right) else {
        let error = ("password", "The name or the password is wrong.");
        return forms::back(&session, "/login", [error], [("name", &form.name)]);
    };
    start(&session, &sessions, &user, &headers)?;
    remember(&session, form.remember.is_some())?;
    session.flash(&NOTICE, format!("Welcome back, {}!", user.name))?;
    Ok(Redirect::to("/"))
}

/// Begins the session of a user. A guest's cart stays in it.
fn start(
    session: &Session,
    sessions: &Sessions,
    user: &User,
    headers: &HeaderMap,
) -> Result<(), Error> {
    let previous = session.get(&USER)?;
    if previous.is_some_and(|previous| previous != user.id) {
        session.flush()?;
    }
    session.regenerate()?;
    session.put(&USER, user.id)?;
    session.put(&CONFIRMED_AT, sessions.now())?;
    session.put(&devices::DEVICE, devices::name(headers))
}

/// A session keeps its lifetime when it gets a new id, so a login without the box takes it back.
fn remember(session: &Session, is_wanted: bool) -> Result<(), Error> {
    if is_wanted {
        session.remember_for(MONTH)
    } else {
        session.forget_me()
    }
}

pub(crate) async fn log_out(session: Session) -> Result<Redirect, SessionRejection> {
    session.destroy()?;
    session.flash(&NOTICE, "Goodbye!".to_owned())?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn signup_form(page: Page) -> Markup {
    page.show(
        "Sign up",
        html! {
            form.card method="post" action="/signup" {
                (field(&page.form, "name", "Name", "username"))
                (password(&page.form, "new-password"))
                button { "Sign up" }
                p.hint { "You have an account? " a href="/login" { "Log in" } "." }
            }
        },
    )
}

pub(crate) async fn login_form(page: Page) -> Markup {
    page.show(
        "Log in",
        html! {
            form.card method="post" action="/login" {
                (field(&page.form, "name", "Name", "username"))
                (password(&page.form, "current-password"))
                label.check { input type="checkbox" name="remember"; "Remember me on this device" }
                button { "Log in" }
                p.hint { "New here? " a href="/signup" { "Sign up" } "." }
            }
        },
    )
}

/// How long a session is remembered without being used.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
