//! warp: bare, and with our sessions.

use session_warp::{Session, SessionManager, SessionRejection};
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::status;
use crate::app::{App, Route};
use crate::tower::in_process;
use crate::values;

/// The routes without sessions.
pub fn bare() -> impl App {
    let untouched = path(Route::Untouched).map(|| StatusCode::OK);
    let read = path(Route::Read).map(|| StatusCode::OK);
    let write = path(Route::Write).map(|| StatusCode::OK);
    in_process(move || warp::service(untouched.or(read).or(write)))
}

/// The routes with our sessions.
pub fn ours(manager: SessionManager) -> impl App {
    let untouched = path(Route::Untouched).map(|| StatusCode::OK);
    let read = path(Route::Read).and(session_warp::session()).then(read);
    let write = path(Route::Write).and(session_warp::session()).then(write);
    let check = path(Route::Check).and(session_warp::session()).then(check);
    let seed = path(Route::Seed).and(session_warp::session()).then(seed);
    let routes = untouched.or(read).or(write).or(check).or(seed);
    in_process(move || session_warp::service(routes, manager))
}

fn path(route: Route) -> impl Filter<Extract = (), Error = warp::Rejection> + Copy {
    warp::path(&route.path()[1..]).and(warp::path::end())
}

async fn seed(session: Session) -> Result<impl Reply, SessionRejection> {
    for (key, value) in values::all() {
        session.put(&key, value)?;
    }
    Ok(StatusCode::OK)
}

async fn read(session: Session) -> Result<impl Reply, SessionRejection> {
    Ok(status(values::found(session.get("user_id")?)))
}

async fn write(session: Session) -> Result<impl Reply, SessionRejection> {
    let visits: u64 = session.get_or("visits", 0)?;
    session.put("visits", visits + 1)?;
    Ok(StatusCode::OK)
}

async fn check(session: Session) -> Result<impl Reply, SessionRejection> {
    Ok(status(values::written(session.get("visits")?)))
}
