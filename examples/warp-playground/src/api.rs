//! The API: one route for each verb.

use playground::api::{self, Failure};
use session_warp::{Error, RawValue, Session, session};
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
        .recover(recover)
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
