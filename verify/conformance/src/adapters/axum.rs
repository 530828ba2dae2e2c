//! axum.

use std::future::pending;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use session_axum::{Session, SessionLayer, SessionManager, SessionRejection};
use session_core::DriverName;
use tokio::net::TcpListener;
use tokio::task::yield_now;

use super::{Adapter, Serving};
use crate::lab::{self, BACKGROUND};

/// `session-axum` with the axum playground.
#[derive(Debug)]
pub(crate) struct Axum;

impl Adapter for Axum {
    fn name(&self) -> &'static str {
        "axum"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let app = Self::app(manager, driver);
        Box::pin(async { axum::serve(listener, app).await.unwrap() })
    }
}

impl Axum {
    pub(crate) fn app(manager: SessionManager, driver: DriverName) -> Router {
        let layer = SessionLayer::new(manager)
            .background(|request| request.headers.contains_key(BACKGROUND));
        axum_playground::app(layer.clone(), driver).nest_service("/lab", routes(&layer))
    }
}

fn routes(layer: &SessionLayer) -> Router {
    Router::new()
        .route("/reply", get(reply).post(put_and_reply))
        .route("/stream", get(async |s| stream(s, false)))
        .route("/endless", get(async |s| stream(s, true)))
        .route("/socket", get(socket))
        .route("/twice", get(count).layer(layer.clone()))
        .route("/current", get(current))
        .route("/extractors", get(extractors))
        .route("/json", put(json))
        .route("/misuse", get(misuse))
        .route("/refuse", post(refuse))
        .route("/recover", post(recover))
        .route("/panic", get(panics))
        .route("/stall", get(stall))
        .layer(layer.clone())
        .route("/outside", get(async || "no session here"))
        .route("/missing", get(count))
}

async fn reply(headers: HeaderMap) -> Response<String> {
    lab::reply(&headers)
}

async fn put_and_reply(
    session: Session,
    headers: HeaderMap,
) -> Result<Response<String>, SessionRejection> {
    session.put("replied", true)?;
    Ok(lab::reply(&headers))
}

fn stream(session: Session, is_endless: bool) -> Result<Body, SessionRejection> {
    lab::introduce(&session)?;
    let observations = lab::observations(session.into(), is_endless);
    Ok(Body::from_stream(observations))
}

async fn socket(session: Session, upgrade: WebSocketUpgrade) -> Result<Response, SessionRejection> {
    lab::introduce(&session)?;
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _ = socket.send(lab::observe(&session, 1).into()).await;
    }))
}

async fn count(session: Session) -> Result<String, SessionRejection> {
    Ok(lab::count(&session)?)
}

async fn current() -> Result<String, SessionRejection> {
    lab::count(&*Session::current()?)?;
    yield_now().await;
    Ok(lab::visits(&*Session::current()?)?)
}

async fn extractors(one: Session, two: Option<Session>) -> Result<String, SessionRejection> {
    yield_now().await;
    let three = Session::try_current().unwrap();
    Ok(lab::use_all(&one, &two.unwrap(), &three)?)
}

async fn json(_session: Session, Json(_body): Json<serde_json::Value>) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn misuse(session: Session) -> Result<String, SessionRejection> {
    Ok(lab::misuse(&session)?)
}

async fn refuse(session: Session) -> Result<(), Response> {
    let written = lab::write(&session, "refused");
    written.map_err(|error| SessionRejection::from(error).into_response())?;
    Err(StatusCode::FORBIDDEN.into_response())
}

/// An application error.
struct Teapot;

impl IntoResponse for Teapot {
    fn into_response(self) -> Response {
        (StatusCode::IM_A_TEAPOT, lab::RECOVERED).into_response()
    }
}

async fn recover(session: Session) -> Result<(), Teapot> {
    lab::write(&session, "recovered").map_err(|_| Teapot)?;
    Err(Teapot)
}

async fn panics(session: Session) -> Result<(), SessionRejection> {
    lab::write(&session, "panicked")?;
    panic!("{}", lab::PANIC)
}

async fn stall(session: Session) -> Result<(), SessionRejection> {
    lab::write(&session, "stalled")?;
    pending().await
}
