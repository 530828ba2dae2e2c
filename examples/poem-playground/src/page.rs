//! The page for people, and its forms.

use std::collections::HashMap;

use playground::page::{self, About};
use poem::handler;
use poem::http::StatusCode;
use poem::web::{Data, Form, Html, Query, Redirect};
use session_poem::{Session, SessionError};

type Answer = Result<Redirect, SessionError>;

#[handler]
pub(crate) fn show(
    Data(about): Data<&About>,
    Query(query): Query<HashMap<String, String>>,
    session: Session,
) -> (StatusCode, Html<String>) {
    let (status, page) = page::show(&session, about, query.contains_key("full"));
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
pub(crate) fn login(session: Session, Form(form): Form<page::Form>) -> Answer {
    Ok(Redirect::see_other(page::login(&session, &form)?))
}

#[handler]
pub(crate) fn logout(session: Session) -> Answer {
    Ok(Redirect::see_other(page::logout(&session)?))
}
