//! The frame of all pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use maud::{DOCTYPE, Markup, html};
use session_axum::{Key, Session, SessionRejection, Sessions, Timestamp};

use crate::forms::Form;
use crate::users::User;
use crate::{App, cart};

/// What the next page tells the user.
pub(crate) const NOTICE: Key<String> = Key::new("notice");

/// What every page shows of the session.
pub(crate) struct Page {
    user: Option<User>,
    items: u32,
    notice: Option<String>,
    pub(crate) form: Form,
}

impl Page {
    pub(crate) fn show(&self, title: &str, content: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · Tea shop" }
                    link rel="stylesheet" href="/shop.css";
                    link rel="icon" href="data:,";
                }
                body {
                    header {
                        a.brand href="/" { "Tea shop" }
                        nav {
                            a href="/cart" { "Cart " span #items { (self.items) } }
                            @match &self.user {
                                Some(user) => {
                                    @if user.is_admin { a href="/admin" { "Admin" } }
                                    a href="/devices" { "Devices" }
                                    form method="post" action="/logout" {
                                        button.quiet { "Log out " (user.name) }
                                    }
                                }
                                None => {
                                    a href="/login" { "Log in" }
                                    a href="/signup" { "Sign up" }
                                }
                            }
                        }
                    }
                    main {
                        @if let Some(notice) = &self.notice { p.notice role="status" { (notice) } }
                        h1 { (title) }
                        (content)
                    }
                }
            }
        }
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, SessionRejection> {
        let session = Session::from_request_parts(parts, app).await?;
        Ok(Self {
            user: app.user(&session)?,
            items: cart::count(&session)?,
            notice: session.get_flash(&NOTICE)?,
            form: Form::of(&session)?,
        })
    }
}

/// A text field that shows what was wrong with it and what it held.
pub(crate) fn field(form: &Form, name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        label {
            (label)
            input name=(name) value=(form.old(name)) autocomplete=(autocomplete) required;
            @if let Some(error) = form.error(name) { span.error { (error) } }
        }
    }
}

/// A password field. It never shows what it held.
pub(crate) fn password(form: &Form, autocomplete: &str) -> Markup {
    html! {
        label {
            "Password"
            input type="password" name="password" autocomplete=(autocomplete) required;
            @if let Some(error) = form.error("password") { span.error { (error) } }
        }
    }
}

/// Tells how long ago a login was.
pub(crate) fn ago(sessions: &Sessions, time: Option<Timestamp>) -> String {
    let minutes = time.map(|time| sessions.now().since(time).as_secs() / 60);
    match minutes {
        None => String::new(),
        Some(0) => "just now".to_owned(),
        Some(1) => "a minute ago".to_owned(),
        Some(minutes @ 2..120) => format!("{minutes} minutes ago"),
        Some(minutes) => format!("{} hours ago", minutes / 60),
    }
}
