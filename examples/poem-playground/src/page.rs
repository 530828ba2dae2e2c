//! The page for people, and its forms.

use std::collections::HashMap;

use playground::page::{self, About};
use poem::handler;
use poem::http::header::USER_AGENT;
use poem::http::{HeaderMap, StatusCode};
use poem::web::{Data, Form, Html, Query, Redirect};
use session_poem::{Session, SessionError, Sessions};

type Answer = Result<Redirect, SessionError>;

#[handler]
pub(crate) async fn show(
    Data(about): Data<&About>,
    Query(query): Query<HashMap<String, String>>,
    session: Session,
    sessions: Sessions,
) -> (StatusCode, Html<String>) {
    let is_full = query.contains_key("full");
    let (status, page) = page::show(&session, &sessions, about, is_full).await;
    (status, Html(page))
}

#[handler]
pub(crate) fn name(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::see_other(page::name(&session, &form)?))
}

#[handler]
pub(crate) fn flash(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::see_other(page::flash(&session, &form)?))
}

#[handler]
pub(crate) fn login(session: Session, headers: &HeaderMap, Form(form): Form<page::Form>) -> Answer {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Ok(Redirect::see_other(page::login(
        &session, &form, user_agent,
    )?))
}

#[handler]
pub(crate) async fn end_device(
    session: Session,
    sessions: Sessions,
    Form(form): Form<page::Form>,
) -> Answer {
    let location = page::end_device(&session, &sessions, &form).await;
    Ok(Redirect::see_other(location?))
}

#[handler]
pub(crate) fn logout(session: Session) -> Answer {
    Ok(Redirect::see_other(page::logout(&session)?))
}
