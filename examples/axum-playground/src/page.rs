//! The page for people, and its forms.

use std::collections::HashMap;

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use playground::page::{self, About};
use session_axum::{Session, SessionRejection};

type Answer = Result<Redirect, SessionRejection>;

pub(crate) async fn show(
    State(about): State<About>,
    Query(query): Query<HashMap<String, String>>,
    session: Session,
) -> (StatusCode, Html<String>) {
    let (status, page) = page::show(&session, &about, query.contains_key("full"));
    (status, Html(page))
}

pub(crate) async fn name(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::name(&session, &form)?))
}

pub(crate) async fn flash(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::flash(&session, &form)?))
}

pub(crate) async fn login(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::login(&session, &form)?))
}

pub(crate) async fn logout(session: Session) -> Answer {
    Ok(Redirect::to(page::logout(&session)?))
}
