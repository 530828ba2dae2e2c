//! poem.

use std::fmt;
use std::io;

use futures_util::stream;
use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use poem::listener::TcpAcceptor;
use poem::web::Json;
use poem::{
    Body, Endpoint, EndpointExt, IntoResponse, Response, Route, Server, get, handler, post, put,
};
use session_core::DriverName;
use session_poem::{Session, SessionError, SessionManager, SessionMiddleware};
use tokio::net::TcpListener;

use crate::lab;
use crate::{Adapter, Serving};

/// `session-poem`, in the poem playground.
#[derive(Debug)]
pub struct Poem;

type Answer<T> = Result<T, SessionError>;

impl Adapter for Poem {
    fn name(&self) -> &'static str {
        "poem"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let middleware = SessionMiddleware::new(manager);
        let lab = Route::new()
            .nest("/", inside(middleware.clone()))
            .at("/outside", get(outside))
            .at("/missing", get(count));
        let app = Route::new()
            .nest("/", poem_playground::app(middleware, driver))
            .nest("/lab", lab);
        Box::pin(async {
            let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
            Server::new_with_acceptor(acceptor).run(app).await.unwrap();
        })
    }

    fn finishes_for_nobody(&self) -> bool {
        true
    }
}

fn inside(middleware: SessionMiddleware) -> impl Endpoint {
    Route::new()
        .at("/cookies", get(cookies))
        .at("/caching", get(caching))
        .at("/stream", get(streaming))
        .at("/twice", get(count).with(middleware.clone()))
        .at("/current", get(current))
        .at("/json", put(json))
        .at("/refuse", post(refuse))
        .at("/recover", post(recover))
        .at("/panic", get(panics))
        .catch_error(|_: Teapot| async { lab::RECOVERED.with_status(StatusCode::IM_A_TEAPOT) })
        .with(middleware)
}

#[handler]
fn cookies(session: Session) -> Answer<Response> {
    session.put("cookies", true)?;
    let [theme, lang, sessions] = lab::FOREIGN;
    let mut response = Response::builder();
    for line in [theme, lang, lab::OWN, sessions] {
        response = response.header(SET_COOKIE, line);
    }
    Ok(response.body("cookies"))
}

#[handler]
fn caching(session: Session) -> Answer<impl IntoResponse> {
    session.put("caching", true)?;
    let response = "cached".with_header(CACHE_CONTROL, lab::CACHE_CONTROL);
    Ok(response.with_header(VARY, lab::VARY))
}

#[handler]
fn streaming(session: Session) -> Answer<Body> {
    session.put("name", "Ada")?;
    let chunks = (1..=3).map(move |n| io::Result::Ok(lab::chunk(&session, n)));
    Ok(Body::from_bytes_stream(stream::iter(chunks)))
}

#[handler]
fn count(session: Session) -> Answer<String> {
    Ok(lab::count(&session)?)
}

#[handler]
fn current() -> Answer<String> {
    Ok(lab::count(&*Session::current()?)?)
}

#[handler]
fn json(_session: Session, _body: Json<serde_json::Value>) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[handler]
fn refuse(session: Session) -> poem::Result<()> {
    session.put("refused", true).map_err(SessionError::from)?;
    Err(StatusCode::FORBIDDEN.into())
}

/// An error of the application's own, which `catch_error` knows.
#[derive(Debug)]
struct Teapot;

impl fmt::Display for Teapot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application failed")
    }
}

impl std::error::Error for Teapot {}

impl ResponseError for Teapot {
    fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

#[handler]
fn recover(session: Session) -> poem::Result<()> {
    session.put("recovered", true).map_err(SessionError::from)?;
    Err(Teapot.into())
}

#[handler]
fn panics(session: Session) -> Answer<()> {
    session.put("panicked", true)?;
    panic!("{}", lab::PANIC)
}

#[handler]
fn outside() -> &'static str {
    "no session here"
}
