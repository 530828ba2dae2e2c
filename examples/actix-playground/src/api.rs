//! The API: one route for each verb.

use std::collections::HashMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Path, Query};
use actix_web::{HttpResponse, ResponseError};
use playground::api::{self, Failure};
use playground::{devices, stream};
use session_actix::{Error, Session, Sessions};

/// A failure as an error of actix-web.
#[derive(Debug)]
pub(crate) struct Failed(Failure);

type Answer = Result<HttpResponse, Failed>;
type Parameters = Query<HashMap<String, String>>;

pub(crate) async fn show(session: Session) -> Answer {
    Ok(json(api::show(&session)?))
}

pub(crate) async fn get(session: Session, key: Path<String>) -> Answer {
    Ok(json(api::found(session.get(&*key)?)?))
}

pub(crate) async fn put(session: Session, key: Path<String>, body: Bytes) -> Answer {
    session.put(&*key, api::value(&body)?)?;
    done()
}

pub(crate) async fn forget(session: Session, key: Path<String>) -> Answer {
    session.forget(&*key)?;
    done()
}

pub(crate) async fn flush(session: Session) -> Answer {
    session.flush()?;
    done()
}

pub(crate) async fn pull(session: Session, key: Path<String>) -> Answer {
    Ok(json(api::found(session.pull(&*key)?)?))
}

pub(crate) async fn flash(session: Session, key: Path<String>, body: Bytes) -> Answer {
    session.flash(&*key, api::value(&body)?)?;
    done()
}

pub(crate) async fn reflash(session: Session) -> Answer {
    session.reflash()?;
    done()
}

pub(crate) async fn keep(session: Session, body: Bytes) -> Answer {
    session.keep(api::keys(&body)?)?;
    done()
}

pub(crate) async fn regenerate(session: Session) -> Answer {
    session.regenerate()?;
    done()
}

pub(crate) async fn destroy(session: Session) -> Answer {
    session.destroy()?;
    done()
}

pub(crate) async fn untouched() -> &'static str {
    api::UNTOUCHED
}

pub(crate) async fn fail(session: Session, key: Path<String>, body: Bytes) -> Answer {
    session.put(&*key, api::value(&body)?)?;
    Err(Failure::OnPurpose.into())
}

pub(crate) async fn slow(
    session: Session,
    key: Path<String>,
    query: Parameters,
    body: Bytes,
) -> Answer {
    let wait = api::wait(query.get("ms").map(String::as_str))?;
    let value = api::value(&body)?;
    tokio::time::sleep(wait).await;
    session.put(&*key, value)?;
    done()
}

pub(crate) async fn list_devices(session: Session, sessions: Sessions) -> Answer {
    Ok(json(devices::json(&session, &sessions).await?))
}

pub(crate) async fn end_device(session: Session, sessions: Sessions, key: Path<String>) -> Answer {
    devices::end(&session, &sessions, &key).await?;
    done()
}

pub(crate) async fn remember(session: Session, query: Parameters) -> Answer {
    session.remember_for(api::days(query.get("days").map(String::as_str))?)?;
    done()
}

pub(crate) async fn forget_me(session: Session) -> Answer {
    session.forget_me()?;
    done()
}

pub(crate) async fn show_in_background(session: Session) -> Answer {
    Ok(json(api::show_in_background(&session)?))
}

pub(crate) async fn put_in_background(session: Session, key: Path<String>, body: Bytes) -> Answer {
    session.background();
    session.put(&*key, api::value(&body)?)?;
    done()
}

pub(crate) async fn peek(session: Session) -> HttpResponse {
    json(api::peek(&session))
}

pub(crate) async fn stream_events(session: Session, query: Parameters) -> Answer {
    let count = stream::count(query.get("n").map(String::as_str))?;
    let events = stream::events(session.into(), count).await?;
    Ok(HttpResponse::Ok()
        .content_type(stream::EVENTS)
        .streaming(events))
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
    fn status_code(&self) -> StatusCode {
        let status = StatusCode::from_u16(self.0.status().as_u16());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .content_type(api::JSON)
            .body(self.0.json())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn done() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

fn json(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type(api::JSON).body(text)
}
