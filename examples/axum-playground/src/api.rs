//! The API: one route for each verb.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use playground::api::{self, Failure};
use playground::{devices, stream};
use session_axum::{Error, Session, Sessions};

/// A failure as a response.
pub(crate) struct Rejection(Failure);

type Answer<T = StatusCode> = Result<T, Rejection>;

pub(crate) async fn show(session: Session) -> Answer<Response> {
    Ok(json(api::show(&session)?))
}

pub(crate) async fn get(session: Session, Path(key): Path<String>) -> Answer<Response> {
    Ok(json(api::found(session.get(&key)?)?))
}

pub(crate) async fn put(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.put(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn forget(session: Session, Path(key): Path<String>) -> Answer {
    session.forget(&key)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn flush(session: Session) -> Answer {
    session.flush()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn pull(session: Session, Path(key): Path<String>) -> Answer<Response> {
    Ok(json(api::found(session.pull(&key)?)?))
}

pub(crate) async fn flash(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.flash(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reflash(session: Session) -> Answer {
    session.reflash()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn keep(session: Session, body: Bytes) -> Answer {
    session.keep(api::keys(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn regenerate(session: Session) -> Answer {
    session.regenerate()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn destroy(session: Session) -> Answer {
    session.destroy()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn untouched() -> &'static str {
    api::UNTOUCHED
}

pub(crate) async fn fail(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.put(&key, api::value(&body)?)?;
    Err(Failure::OnPurpose.into())
}

pub(crate) async fn slow(
    session: Session,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Answer {
    let wait = api::wait(query.get("ms").map(String::as_str))?;
    let value = api::value(&body)?;
    tokio::time::sleep(wait).await;
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn list_devices(session: Session, sessions: Sessions) -> Answer<Response> {
    Ok(json(devices::json(&session, &sessions).await?))
}

pub(crate) async fn end_device(
    session: Session,
    sessions: Sessions,
    Path(key): Path<String>,
) -> Answer {
    devices::end(&session, &sessions, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remember(
    session: Session,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    session.remember_for(api::days(query.get("days").map(String::as_str))?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn forget_me(session: Session) -> Answer {
    session.forget_me()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn show_in_background(session: Session) -> Answer<Response> {
    Ok(json(api::show_in_background(&session)?))
}

pub(crate) async fn put_in_background(
    session: Session,
    Path(key): Path<String>,
    body: Bytes,
) -> Answer {
    session.background();
    session.put(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn peek(session: Session) -> Response {
    json(api::peek(&session))
}

pub(crate) async fn stream_events(
    session: Session,
    Query(query): Query<HashMap<String, String>>,
) -> Answer<Response> {
    let count = stream::count(query.get("n").map(String::as_str))?;
    let events = stream::events(session.into(), count).await?;
    let body = Body::from_stream(events);
    Ok(([(CONTENT_TYPE, stream::EVENTS)], body).into_response())
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.0.status(), json(self.0.json())).into_response()
    }
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, api::JSON)], text).into_response()
}
