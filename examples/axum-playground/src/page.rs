//! The page for people, and its forms.

use std::collections::HashMap;

use axum::extract::{Form, Query, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Redirect};
use playground::page::{self, About};
use session_axum::{Session, SessionRejection, Sessions};

type Answer = Result<Redirect, SessionRejection>;

pub(crate) async fn show(
    State(about): State<About>,
    Query(query): Query<HashMap<String, String>>,
    session: Session,
    sessions: Sessions,
) -> (StatusCode, Html<String>) {
    let is_full = query.contains_key("full");
    let (status, page) = page::show(&session, &sessions, &about, is_full).await;
    (status, Html(page))
}

pub(crate) async fn name(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::name(&session, &form)?))
}

pub(crate) async fn flash(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::flash(&session, &form)?))
}

pub(crate) async fn login(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<page::Form>,
) -> Answer {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Ok(Redirect::to(page::login(&session, &form, user_agent)?))
}

pub(crate) async fn end_device(
    session: Session,
    sessions: Sessions,
    Form(form): Form<page::Form>,
) -> Answer {
    Ok(Redirect::to(
        page::end_device(&session, &sessions, &form).await?,
    ))
}

pub(crate) async fn logout(session: Session) -> Answer {
    Ok(Redirect::to(page::logout(&session)?))
}
