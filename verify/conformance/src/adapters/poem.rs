//! poem.

use std::fmt;
use std::future::pending;

use futures_util::SinkExt;
use poem::error::ResponseError;
use poem::http::{HeaderMap, StatusCode};
use poem::listener::TcpAcceptor;
use poem::web::Json;
use poem::web::websocket::{Message, WebSocket};
use poem::{
    Body, Endpoint, EndpointExt, IntoResponse, Response, Route, Server, get, handler, post, put,
};
use session_core::DriverName;
use session_poem::{Session, SessionError, SessionManager, SessionMiddleware};
use tokio::net::TcpListener;
use tokio::task::yield_now;

use super::{Adapter, Serving};
use crate::lab::{self, BACKGROUND};

/// `session-poem` with the poem playground.
#[derive(Debug)]
pub(crate) struct Poem;

type Result<T> = std::result::Result<T, SessionError>;

impl Adapter for Poem {
    fn name(&self) -> &'static str {
        "poem"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let middleware = SessionMiddleware::new(manager)
            .background(|request| request.headers().contains_key(BACKGROUND));
        let lab = Route::new()
            .nest("/", routes(middleware.clone()))
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

    fn finishes_abandoned_handlers(&self) -> bool {
        true
    }
}

fn routes(middleware: SessionMiddleware) -> impl Endpoint {
    Route::new()
        .at("/reply", get(reply).post(put_and_reply))
        .at("/stream", get(stream))
        .at("/endless", get(endless))
        .at("/socket", get(socket))
        .at("/twice", get(count).with(middleware.clone()))
        .at("/current", get(current))
        .at("/extractors", get(extractors))
        .at("/json", put(json))
        .at("/misuse", get(misuse))
        .at("/refuse", post(refuse))
        .at("/recover", post(recover))
        .at("/panic", get(panics))
        .at("/stall", get(stall))
        .catch_error(|_: Teapot| async { lab::RECOVERED.with_status(StatusCode::IM_A_TEAPOT) })
        .with(middleware)
}

#[handler]
fn reply(headers: &HeaderMap) -> Response {
    respond(headers)
}

#[handler]
fn put_and_reply(session: Session, headers: &HeaderMap) -> Result<Response> {
    session.put("replied", true)?;
    Ok(respond(headers))
}

fn respond(headers: &HeaderMap) -> Response {
    let (parts, body) = lab::reply(headers).into_parts();
    let mut response = body.with_status(parts.status).into_response();
    response.headers_mut().extend(parts.headers);
    response
}

#[handler]
fn stream(session: Session) -> Result<Body> {
    lab::introduce(&session)?;
    let observations = lab::observations(session.into(), false);
    Ok(Body::from_bytes_stream(observations))
}

#[handler]
fn endless(session: Session) -> Result<Body> {
    lab::introduce(&session)?;
    let observations = lab::observations(session.into(), true);
    Ok(Body::from_bytes_stream(observations))
}

#[handler]
fn socket(session: Session, socket: WebSocket) -> Result<impl IntoResponse> {
    lab::introduce(&session)?;
    Ok(socket.on_upgrade(async move |mut socket| {
        let _ = socket.send(Message::text(lab::observe(&session, 1))).await;
    }))
}

#[handler]
fn count(session: Session) -> Result<String> {
    Ok(lab::count(&session)?)
}

#[handler]
async fn current() -> Result<String> {
    lab::count(&*Session::current()?)?;
    yield_now().await;
    Ok(lab::visits(&*Session::current()?)?)
}

#[handler]
async fn extractors(one: Session, two: Option<Session>) -> Result<String> {
    yield_now().await;
    let three = Session::try_current().unwrap();
    Ok(lab::use_all(&one, &two.unwrap(), &three)?)
}

#[handler]
fn json(_session: Session, _body: Json<serde_json::Value>) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[handler]
fn misuse(session: Session) -> Result<String> {
    Ok(lab::misuse(&session)?)
}

#[handler]
fn refuse(session: Session) -> poem::Result<()> {
    lab::write(&session, "refused").map_err(SessionError::from)?;
    Err(StatusCode::FORBIDDEN.into())
}

/// An application error.
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
    lab::write(&session, "recovered").map_err(SessionError::from)?;
    Err(Teapot.into())
}

#[handler]
fn panics(session: Session) -> Result<()> {
    lab::write(&session, "panicked")?;
    panic!("{}", lab::PANIC)
}

#[handler]
async fn stall(session: Session) -> Result<()> {
    lab::write(&session, "stalled")?;
    pending().await
}

#[handler]
fn outside() -> &'static str {
    "no session here"
}
