//! The devices of a user: each is a session.

use axum::extract::Form;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use session_axum::{Key, Session, SessionRejection, Sessions};

use crate::page::{NOTICE, Page, ago};
use crate::users::User;

/// What the login came from.
pub(crate) const DEVICE: Key<String> = Key::new("device");

pub(crate) async fn list(
    page: Page,
    user: User,
    session: Session,
    sessions: Sessions,
) -> Result<Markup, SessionRejection> {
    let devices = sessions.sessions_of(user.id).await?;
    Ok(page.show("Devices", html! {
        ul.card {
            @for device in &devices {
                li {
                    span {
                        (device.data().get(&DEVICE)?.unwrap_or_default())
                        small { (ago(&sessions, device.owned_at())) }
                    }
                    @if session.peek_id().as_ref() == Some(device.id()) {
                        b { "this one" }
                    } @else {
                        form method="post" {
                            button.quiet name="device" value=(device.id().public_name()) { "Log out" }
                        }
                    }
                }
            }
        }
        @if devices.len() > 1 {
            form method="post" action="/devices/others" { button { "Log out all others" } }
        }
    }))
}

#[derive(Deserialize)]
pub(crate) struct End {
    device: String,
}

pub(crate) async fn end(
    user: User,
    session: Session,
    sessions: Sessions,
    Form(form): Form<End>,
) -> Result<Response, SessionRejection> {
    // Only among the user's own sessions.
    let devices = sessions.sessions_of(user.id).await?;
    let device = devices
        .iter()
        .find(|device| device.id().public_name() == form.device);
    let Some(device) = device else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    sessions.revoke(device.id()).await?;
    session.flash(&NOTICE, "The device was logged out.".to_owned())?;
    Ok(Redirect::to("/devices").into_response())
}

pub(crate) async fn end_others(
    user: User,
    session: Session,
    sessions: Sessions,
) -> Result<Redirect, SessionRejection> {
    let this_one = session.peek_id();
    let ended = sessions.revoke_all_of(user.id, this_one.as_ref()).await?;
    session.flash(
        &NOTICE,
        format!("Other devices that were logged out: {ended}."),
    )?;
    Ok(Redirect::to("/devices"))
}

/// Names the browser of a request for its user.
pub(crate) fn name(headers: &HeaderMap) -> String {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let user_agent = user_agent.unwrap_or_default();
    let find = |names: &[&'static str]| {
        names
            .iter()
            .find(|name| user_agent.contains(**name))
            .copied()
    };
    // The order counts: most browsers also name another one.
    let browser = find(&["Firefox", "Chrome", "Safari", "curl"]).unwrap_or("A browser");
    match find(&["Android", "iPhone", "iPad", "Mac OS X", "Windows", "Linux"]) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}
