//! An order, and its progress as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Redirect};
use futures_util::stream;
use maud::{Markup, PreEscaped, html};
use session_axum::{Error, Key, Session, SessionRejection};

use crate::cart::CART;
use crate::page::Page;
use crate::users::User;

/// How many steps of the order are done.
const STEP: Key<usize> = Key::new("order_step");

pub(crate) async fn place(_: User, session: Session) -> Result<Redirect, SessionRejection> {
    if session.pull(&CART)?.is_some() {
        session.put(&STEP, 0)?;
    }
    Ok(Redirect::to("/order"))
}

pub(crate) async fn show(
    page: Page,
    _: User,
    session: Session,
) -> Result<Markup, SessionRejection> {
    let step = session.get(&STEP)?;
    Ok(page.show(
        "Your order",
        html! {
            p.card {
                @match step {
                    Some(step) => span #step { (STEPS[step.min(STEPS.len() - 1)]) },
                    None => "You have not ordered anything.",
                }
            }
            script { (PreEscaped(include_str!("order.js"))) }
        },
    ))
}

/// Streams the steps of the order as they happen.
pub(crate) async fn progress(_: User, session: Session) -> impl IntoResponse {
    Sse::new(stream::unfold(Some(session), |session| async move {
        let session = session?;
        match next_step(&session).await {
            Ok(Some(step)) => Some((event("step", STEPS[step]), Some(session))),
            // A browser ignores an event without data.
            Ok(None) => Some((event("end", "end"), None)),
            // The browser connects again.
            Err(_) => None,
        }
    }))
}

/// Waits for the next step and stores it. Returns `None` once all are done, or the session has ended.
async fn next_step(session: &Session) -> Result<Option<usize>, Error> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What happened since the response began: a logout, or another order.
    if !session.reload().await? {
        return Ok(None);
    }
    let Some(step) = session
        .get(&STEP)?
        .map(|step| step + 1)
        .filter(|step| *step < STEPS.len())
    else {
        return Ok(None);
    };
    // Opens the session for writes, which the end of the handler closed.
    session.save().await?;
    session.put(&STEP, step)?;
    session.save().await?;
    Ok(Some(step))
}

fn event(name: &str, text: &str) -> Result<Event, Infallible> {
    Ok(Event::default().event(name).data(text))
}

const STEPS: [&str; 4] = [
    "We got your order.",
    "We pack it.",
    "It is on its way.",
    "It has arrived.",
];
