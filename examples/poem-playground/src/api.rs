//! The API: one route for each verb.

use std::collections::HashMap;
use std::fmt;

use futures_util::StreamExt as _;
use playground::api::{self, Failure};
use playground::{devices, stream};
use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::web::{Path, Query, WithContentType};
use poem::{Body, IntoResponse, Response, handler};
use session_poem::{Error, Session, Sessions};

/// A failure as an error of poem.
#[derive(Debug)]
pub(crate) struct Failed(Failure);

type Json = WithContentType<String>;
type Answer<T = StatusCode> = Result<T, Failed>;

#[handler]
pub(crate) fn show(session: Session) -> Answer<Json> {
    Ok(json(api::show(&session)?))
}

#[handler]
pub(crate) fn get(session: Session, Path(key): Path<String>) -> Answer<Json> {
    Ok(json(api::found(session.get(&key)?)?))
}

#[handler]
pub(crate) fn put(session: Session, Path(key): Path<String>, body: Vec<u8>) -> Answer {
    session.put(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn forget(session: Session, Path(key): Path<String>) -> Answer {
    session.forget(&key)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn flush(session: Session) -> Answer {
    session.flush()?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn pull(session: Session, Path(key): Path<String>) -> Answer<Json> {
    Ok(json(api::found(session.pull(&key)?)?))
}

#[handler]
pub(crate) fn flash(session: Session, Path(key): Path<String>, body: Vec<u8>) -> Answer {
    session.flash(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn reflash(session: Session) -> Answer {
    session.reflash()?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn keep(session: Session, body: Vec<u8>) -> Answer {
    session.keep(api::keys(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn regenerate(session: Session) -> Answer {
    session.regenerate()?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn destroy(session: Session) -> Answer {
    session.destroy()?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn untouched() -> &'static str {
    api::UNTOUCHED
}

#[handler]
pub(crate) fn fail(session: Session, Path(key): Path<String>, body: Vec<u8>) -> Answer {
    session.put(&key, api::value(&body)?)?;
    Err(Failure::OnPurpose.into())
}

#[handler]
pub(crate) async fn slow(
    session: Session,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Vec<u8>,
) -> Answer {
    let wait = api::wait(query.get("ms").map(String::as_str))?;
    let value = api::value(&body)?;
    tokio::time::sleep(wait).await;
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) async fn list_devices(session: Session, sessions: Sessions) -> Answer<Json> {
    Ok(json(devices::json(&session, &sessions).await?))
}

#[handler]
pub(crate) async fn end_device(
    session: Session,
    sessions: Sessions,
    Path(key): Path<String>,
) -> Answer {
    devices::end(&session, &sessions, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn remember(session: Session, Query(query): Query<HashMap<String, String>>) -> Answer {
    session.remember_for(api::days(query.get("days").map(String::as_str))?)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn forget_me(session: Session) -> Answer {
    session.forget_me()?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn show_in_background(session: Session) -> Answer<Json> {
    Ok(json(api::show_in_background(&session)?))
}

#[handler]
pub(crate) fn put_in_background(
    session: Session,
    Path(key): Path<String>,
    body: Vec<u8>,
) -> Answer {
    session.background();
    session.put(&key, api::value(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

#[handler]
pub(crate) fn peek(session: Session) -> Json {
    json(api::peek(&session))
}

#[handler]
pub(crate) async fn stream_events(
    session: Session,
    Query(query): Query<HashMap<String, String>>,
) -> Answer<WithContentType<Body>> {
    let count = stream::count(query.get("n").map(String::as_str))?;
    let events = stream::events(session.into(), count).await?;
    let events = events.map(|event| event.map_err(|never| match never {}));
    Ok(Body::from_bytes_stream::<_, _, std::io::Error>(events).with_content_type(stream::EVENTS))
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl ResponseError for Failed {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn as_response(&self) -> Response {
        json(self.0.json())
            .with_status(self.status())
            .into_response()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

fn json(text: String) -> Json {
    text.with_content_type(api::JSON)
}
