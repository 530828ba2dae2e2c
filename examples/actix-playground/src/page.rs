//! The page for people, and its forms.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::{Data, Form, Query, Redirect};
use playground::page::{self, About};
use session_actix::{Session, SessionError};

type Answer = Result<Redirect, SessionError>;

pub(crate) async fn show(
    about: Data<About>,
    query: Query<HashMap<String, String>>,
    session: Session,
) -> HttpResponse {
    let (status, page) = page::show(&session, &about, query.contains_key("full"));
    let status = StatusCode::from_u16(status.as_u16());
    HttpResponse::build(status.unwrap_or_default())
        .content_type(ContentType::html())
        .body(page)
}

pub(crate) async fn name(session: Session, form: Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::name(&session, &form)?).see_other())
}

pub(crate) async fn flash(session: Session, form: Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::flash(&session, &form)?).see_other())
}

pub(crate) async fn login(session: Session, form: Form<page::Form>) -> Answer {
    Ok(Redirect::to(page::login(&session, &form)?).see_other())
}

pub(crate) async fn logout(session: Session) -> Answer {
    Ok(Redirect::to(page::logout(&session)?).see_other())
}
