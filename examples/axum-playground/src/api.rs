//! The API: one route for each verb.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use session_axum::{Error, RawValue, Session, Values};

/// What went wrong, as JSON.
pub(crate) enum Failure {
    Session(Error),
    NotJson(String),
    NotFound,
    OnPurpose,
}

type Answer<T = StatusCode> = Result<T, Failure>;

pub(crate) async fn show(session: Session) -> Answer<Response> {
    let mut answer = Values::new();
    answer.insert("new", &session.is_new())?;
    answer.insert("id", session.id()?.as_str())?;
    answer.insert("data", &session.all())?;
    answer.insert("flash", &session.all_flash())?;
    Ok(json(answer.to_json()))
}

pub(crate) async fn get(session: Session, Path(key): Path<String>) -> Answer<Response> {
    found(session.get(&key)?)
}

pub(crate) async fn put(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.put(&key, value(&body)?)?;
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
    found(session.pull(&key)?)
}

pub(crate) async fn flash(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.flash(&key, value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reflash(session: Session) -> Answer {
    session.reflash()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn keep(session: Session, body: Bytes) -> Answer {
    let mut keys = Values::new();
    keys.insert("keys", &value(&body)?)?;
    let keys: Vec<String> = keys
        .get("keys")
        .map_err(|_| Failure::NotJson("the body is no list of keys".to_owned()))?
        .unwrap_or_default();
    session.keep(keys)?;
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
    "this handler does not take the session"
}

pub(crate) async fn fail(session: Session, Path(key): Path<String>, body: Bytes) -> Answer {
    session.put(&key, value(&body)?)?;
    Err(Failure::OnPurpose)
}

pub(crate) async fn slow(
    session: Session,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Answer {
    let millis = query.get("ms").map_or(Ok(0), |ms| ms.parse::<u16>());
    let millis = millis.map_err(|_| Failure::NotJson("ms is no number up to 65535".to_owned()))?;
    let value = value(&body)?;
    tokio::time::sleep(Duration::from_millis(millis.into())).await;
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Session(error) => (error.status(), error.to_string()),
            Self::NotJson(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound => (StatusCode::NOT_FOUND, "there is no such key".to_owned()),
            Self::OnPurpose => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the handler failed, as asked".to_owned(),
            ),
        };
        let mut body = Values::new();
        match body.insert("error", &message) {
            Ok(()) => (status, json(body.to_json())).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

fn value(body: &[u8]) -> Result<Box<RawValue>, Failure> {
    let text = String::from_utf8(body.to_vec())
        .map_err(|error| Failure::NotJson(format!("the body is not JSON: {error}")))?;
    RawValue::from_string(text)
        .map_err(|error| Failure::NotJson(format!("the body is not JSON: {error}")))
}

fn found(value: Option<Box<RawValue>>) -> Answer<Response> {
    value
        .map(|value| json(value.get().to_owned()))
        .ok_or(Failure::NotFound)
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
