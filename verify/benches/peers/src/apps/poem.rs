//! poem: bare, with our sessions, and with its own.

use poem::http::header::{COOKIE, SET_COOKIE};
use poem::http::{HeaderValue, StatusCode, Uri};
use poem::session::{CookieConfig, CookieSession, MemoryStorage, ServerSession, SessionStorage};
use poem::web::cookie::CookieKey;
use poem::{Endpoint, EndpointExt as _, Request, Response, handler};
use session_bench::session::SECRET;
use session_poem::{SessionError, SessionManager, SessionMiddleware};

use super::status;
use crate::app::{Answer, App, Route};
use crate::client::{Client, InProcess};
use crate::tower::{header, runtime, text};
use crate::values;

/// A client of an endpoint.
#[derive(Clone, Debug)]
pub struct PoemClient<E> {
    endpoint: E,
    cookie: Option<HeaderValue>,
}

/// The routes without sessions.
pub fn bare() -> impl App {
    in_process(move || {
        poem::Route::new()
            .at(Route::Untouched.path(), untouched)
            .at(Route::Read.path(), untouched)
            .at(Route::Write.path(), untouched)
    })
}

/// The routes with our sessions.
pub fn ours(manager: SessionManager) -> impl App {
    in_process(move || {
        poem::Route::new()
            .at(Route::Seed.path(), seed)
            .at(Route::Untouched.path(), untouched)
            .at(Route::Read.path(), read)
            .at(Route::Write.path(), write)
            .at(Route::Check.path(), check)
            .with(SessionMiddleware::new(manager))
    })
}

/// The routes with poem's own sessions in the cookie, signed.
pub fn own_cookie() -> impl App {
    in_process(move || own_routes().with(CookieSession::new(config())))
}

/// The routes with poem's own sessions in memory and signed ids.
pub fn own_memory() -> impl App {
    in_process(move || own_endpoint(MemoryStorage::new()))
}

/// The application with poem's own sessions in a storage and signed ids.
pub fn own_endpoint(storage: impl SessionStorage) -> impl Endpoint {
    own_routes().with(ServerSession::new(config(), storage))
}

fn own_routes() -> poem::Route {
    poem::Route::new()
        .at(Route::Seed.path(), own_seed)
        .at(Route::Untouched.path(), untouched)
        .at(Route::Read.path(), own_read)
        .at(Route::Write.path(), own_write)
        .at(Route::Check.path(), own_check)
}

fn config() -> CookieConfig {
    CookieConfig::signed(CookieKey::from(SECRET.as_bytes()))
}

fn in_process<E: Endpoint>(endpoint: impl FnOnce() -> E) -> impl App {
    InProcess::new(runtime(), async || PoemClient::new(endpoint()))
}

impl<E> PoemClient<E> {
    pub const fn new(endpoint: E) -> Self {
        Self {
            endpoint,
            cookie: None,
        }
    }
}

impl<E: Endpoint> Client for PoemClient<E> {
    type Response = Response;

    fn take_cookie(&mut self, cookie: Option<&str>) {
        self.cookie = cookie.map(header);
    }

    async fn send(&mut self, route: Route) -> Response {
        let uri = Uri::from_static(route.path());
        let mut request = Request::builder().uri(uri).finish();
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, cookie.clone());
        }
        self.endpoint.get_response(request).await
    }

    fn answer(response: &Response) -> Answer {
        Answer {
            status: response.status().as_u16(),
            set_cookie: response.headers().get(SET_COOKIE).map(text),
        }
    }
}

#[handler]
fn untouched() -> StatusCode {
    StatusCode::OK
}

#[handler]
fn seed(session: session_poem::Session) -> Result<StatusCode, SessionError> {
    for (key, value) in values::all() {
        session.put(&key, value)?;
    }
    Ok(StatusCode::OK)
}

#[handler]
fn read(session: session_poem::Session) -> Result<StatusCode, SessionError> {
    Ok(status(values::found(session.get("user_id")?)))
}

#[handler]
fn write(session: session_poem::Session) -> Result<StatusCode, SessionError> {
    let visits: u64 = session.get_or("visits", 0)?;
    session.put("visits", visits + 1)?;
    Ok(StatusCode::OK)
}

#[handler]
fn check(session: session_poem::Session) -> Result<StatusCode, SessionError> {
    Ok(status(values::written(session.get("visits")?)))
}

#[handler]
fn own_seed(session: &poem::session::Session) -> StatusCode {
    for (key, value) in values::all() {
        session.set(&key, value);
    }
    StatusCode::OK
}

#[handler]
fn own_read(session: &poem::session::Session) -> StatusCode {
    status(values::found(session.get("user_id")))
}

#[handler]
fn own_write(session: &poem::session::Session) -> StatusCode {
    let visits: u64 = session.get("visits").unwrap_or_default();
    session.set("visits", visits + 1);
    StatusCode::OK
}

#[handler]
fn own_check(session: &poem::session::Session) -> StatusCode {
    status(values::written(session.get("visits")))
}
