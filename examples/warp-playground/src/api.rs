//! The API: one route for each verb.

use playground::api::{self, Failure};
use playground::{devices, stream};
use session_warp::{Error, RawValue, Session, SessionManager, session, sessions};
use warp::http::StatusCode;
use warp::reject::Reject;
use warp::reply::{Response, with_header, with_status};
use warp::{Buf, Filter, Rejection, Reply};

use crate::request::{Key, Query, get, query};

/// A failure as a reply and a rejection.
#[derive(Debug)]
pub(crate) struct Failed(Failure);

type Answer<T = StatusCode> = Result<T, Failed>;

pub(crate) fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let all = warp::path!("api" / "session");
    let one = warp::path!("api" / "session" / Key);
    let session = session();
    all.and(get())
        .and(session)
        .then(show)
        .or(all.and(warp::delete()).and(session).then(flush))
        .or(one.and(get()).and(session).then(read))
        .or(one.and(warp::put()).and(session).and(value()).then(put))
        .or(one.and(warp::delete()).and(session).then(forget))
        .or(warp::path!("api" / "session" / Key / "pull")
            .and(warp::post())
            .and(session)
            .then(pull))
        .or(warp::path!("api" / "flash" / Key)
            .and(warp::put())
            .and(session)
            .and(value())
            .then(flash))
        .or(warp::path!("api" / "reflash")
            .and(warp::post())
            .and(session)
            .then(reflash))
        .or(warp::path!("api" / "keep")
            .and(warp::post())
            .and(session)
            .and(keys())
            .then(keep))
        .or(warp::path!("api" / "regenerate")
            .and(warp::post())
            .and(session)
            .then(regenerate))
        .or(warp::path!("api" / "destroy")
            .and(warp::post())
            .and(session)
            .then(destroy))
        .or(warp::path!("api" / "untouched")
            .and(get())
            .map(|| api::UNTOUCHED))
        .or(warp::path!("api" / "fail" / Key)
            .and(warp::post())
            .and(session)
            .and(value())
            .and_then(fail))
        .or(warp::path!("api" / "slow" / Key)
            .and(warp::put())
            .and(session)
            .and(query())
            .and(value())
            .then(slow))
        .or(devices_and_streams())
        .recover(recover)
}

fn devices_and_streams() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let session = session();
    warp::path!("api" / "sessions")
        .and(get())
        .and(session)
        .and(sessions())
        .then(list_devices)
        .or(warp::path!("api" / "sessions" / Key)
            .and(warp::delete())
            .and(session)
            .and(sessions())
            .then(end_device))
        .or(warp::path!("api" / "remember")
            .and(warp::post())
            .and(session)
            .and(query())
            .then(remember))
        .or(warp::path!("api" / "forget-me")
            .and(warp::post())
            .and(session)
            .then(forget_me))
        .or(warp::path!("api" / "background")
            .and(get())
            .and(session)
            .then(show_in_background))
        .or(warp::path!("api" / "background" / Key)
            .and(warp::put())
            .and(session)
            .and(value())
            .then(put_in_background))
        .or(warp::path!("api" / "peek")
            .and(get())
            .and(session)
            .map(|session: Session| json(api::peek(&session))))
        .or(warp::path!("api" / "stream")
            .and(get())
            .and(session)
            .and(query())
            .then(stream_events))
}

async fn show(session: Session) -> Answer<impl Reply> {
    Ok(json(api::show(&session)?))
}

async fn read(Key(key): Key, session: Session) -> Answer<impl Reply> {
    Ok(json(api::found(session.get(&key)?)?))
}

async fn put(Key(key): Key, session: Session, value: Box<RawValue>) -> Answer {
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(Key(key): Key, session: Session) -> Answer {
    session.forget(&key)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn flush(session: Session) -> Answer {
    session.flush()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn pull(Key(key): Key, session: Session) -> Answer<impl Reply> {
    Ok(json(api::found(session.pull(&key)?)?))
}

async fn flash(Key(key): Key, session: Session, value: Box<RawValue>) -> Answer {
    session.flash(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reflash(session: Session) -> Answer {
    session.reflash()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(session: Session, keys: Vec<String>) -> Answer {
    session.keep(keys)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn regenerate(session: Session) -> Answer {
    session.regenerate()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn destroy(session: Session) -> Answer {
    session.destroy()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn fail(
    Key(key): Key,
    session: Session,
    value: Box<RawValue>,
) -> Result<StatusCode, Rejection> {
    session.put(&key, value).map_err(Failed::from)?;
    Err(Failed(Failure::OnPurpose).into())
}

async fn slow(Key(key): Key, session: Session, query: Query, value: Box<RawValue>) -> Answer {
    let wait = api::wait(query.get("ms").map(String::as_str))?;
    tokio::time::sleep(wait).await;
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_devices(session: Session, sessions: SessionManager) -> Answer<impl Reply> {
    Ok(json(devices::json(&session, &sessions).await?))
}

async fn end_device(Key(key): Key, session: Session, sessions: SessionManager) -> Answer {
    devices::end(&session, &sessions, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remember(session: Session, query: Query) -> Answer {
    session.remember_for(api::days(query.get("days").map(String::as_str))?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget_me(session: Session) -> Answer {
    session.forget_me()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show_in_background(session: Session) -> Answer<impl Reply> {
    Ok(json(api::show_in_background(&session)?))
}

async fn put_in_background(Key(key): Key, session: Session, value: Box<RawValue>) -> Answer {
    session.background();
    session.put(&key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stream_events(session: Session, query: Query) -> Answer<impl Reply> {
    let count = stream::count(query.get("n").map(String::as_str))?;
    let events = stream::events(session, count).await?;
    let reply = warp::reply::stream(events);
    Ok(with_header(reply, "content-type", stream::EVENTS))
}

/// Takes a body that is one JSON value.
fn value() -> impl Filter<Extract = (Box<RawValue>,), Error = Rejection> + Copy {
    warp::body::bytes().and_then(|body| parsed(body, api::value))
}

/// Takes a body that is a list of keys.
fn keys() -> impl Filter<Extract = (Vec<String>,), Error = Rejection> + Copy {
    warp::body::bytes().and_then(|body| parsed(body, api::keys))
}

async fn parsed<T>(body: impl Buf, parse: fn(&[u8]) -> Result<T, Failure>) -> Result<T, Rejection> {
    Ok(parse(body.chunk()).map_err(Failed)?)
}

async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<Failed>() {
        Some(failed) => Ok(failed.reply()),
        None => Err(rejection),
    }
}

impl Failed {
    fn reply(&self) -> Response {
        with_status(json(self.0.json()), self.0.status()).into_response()
    }
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

impl Reject for Failed {}

impl Reply for Failed {
    fn into_response(self) -> Response {
        self.reply()
    }
}

fn json(text: String) -> impl Reply {
    with_header(text, "content-type", api::JSON)
}
