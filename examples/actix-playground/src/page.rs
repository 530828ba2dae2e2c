//! The page for people, and its forms.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, USER_AGENT};
use actix_web::web::{Data, Form, Query, Redirect};
use actix_web::{HttpRequest, HttpResponse};
use playground::page::{self, About};
use session_actix::{Session, SessionError, Sessions};

type Answer = Result<Redirect, SessionError>;

pub(crate) async fn show(
    about: Data<About>,
    query: Query<HashMap<String, String>>,
    session: Session,
    sessions: Sessions,
) -> HttpResponse {
    let is_full = query.contains_key("full");
    let (status, page) = page::show(&session, &sessions, &about, is_full).await;
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

pub(crate) async fn login(
    session: Session,
    request: HttpRequest,
    form: Form<page::Form>,
) -> Answer {
    let user_agent = request.headers().get(USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    Ok(Redirect::to(page::login(&session, &form, user_agent)?).see_other())
}

pub(crate) async fn end_device(
    session: Session,
    sessions: Sessions,
    form: Form<page::Form>,
) -> Answer {
    let location = page::end_device(&session, &sessions, &form).await;
    Ok(Redirect::to(location?).see_other())
}

pub(crate) async fn logout(session: Session) -> Answer {
    Ok(Redirect::to(page::logout(&session)?).see_other())
}
