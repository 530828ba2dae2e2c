//! axum.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures_util::stream;
use session_axum::{Session, SessionLayer, SessionManager, SessionRejection};
use session_core::DriverName;
use tokio::net::TcpListener;

use crate::lab;
use crate::{Adapter, Serving};

/// `session-axum`, in the axum playground.
#[derive(Debug)]
pub struct Axum;

impl Adapter for Axum {
    fn name(&self) -> &'static str {
        "axum"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let app = Self::app(manager, driver);
        Box::pin(async {
            let Ok(()) = axum::serve(listener, app).await else {
                unreachable!("it does not end")
            };
        })
    }
}

impl Axum {
    pub(crate) fn app(manager: SessionManager, driver: DriverName) -> Router {
        let layer = SessionLayer::new(manager);
        axum_playground::app(layer.clone(), driver).nest_service("/lab", routes(&layer))
    }
}

fn routes(layer: &SessionLayer) -> Router {
    Router::new()
        .route("/cookies", get(cookies))
        .route("/caching", get(caching))
        .route("/stream", get(streaming))
        .route("/twice", get(count).layer(layer.clone()))
        .route("/current", get(current))
        .route("/json", put(json))
        .route("/refuse", post(refuse))
        .route("/recover", post(recover))
        .route("/panic", get(panics))
        .layer(layer.clone())
        .route("/outside", get(async || "no session here"))
        .route("/missing", get(count))
}

async fn cookies(session: Session) -> Result<impl IntoResponse, SessionRejection> {
    session.put("cookies", true)?;
    let [theme, lang, sessions] = lab::FOREIGN;
    let lines = [theme, lang, lab::OWN, sessions].map(|line| (SET_COOKIE, line));
    Ok((AppendHeaders(lines), "cookies"))
}

async fn caching(session: Session) -> Result<impl IntoResponse, SessionRejection> {
    session.put("caching", true)?;
    let headers = [(CACHE_CONTROL, lab::CACHE_CONTROL), (VARY, lab::VARY)];
    Ok((headers, "cached"))
}

async fn streaming(session: Session) -> Result<Body, SessionRejection> {
    session.put("name", "Ada")?;
    let chunks = (1..=3).map(move |n| Ok::<_, Infallible>(lab::chunk(&session, n)));
    Ok(Body::from_stream(stream::iter(chunks)))
}

async fn count(session: Session) -> Result<String, SessionRejection> {
    Ok(lab::count(&session)?)
}

async fn current() -> Result<String, SessionRejection> {
    Ok(lab::count(&*Session::current()?)?)
}

async fn json(_session: Session, Json(_body): Json<serde_json::Value>) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn refuse(session: Session) -> Result<(), Response> {
    session.put("refused", true).map_err(refused)?;
    Err(StatusCode::FORBIDDEN.into_response())
}

fn refused(error: session_axum::Error) -> Response {
    SessionRejection::from(error).into_response()
}

/// An error of the application's own.
struct Teapot;

impl IntoResponse for Teapot {
    fn into_response(self) -> Response {
        (StatusCode::IM_A_TEAPOT, lab::RECOVERED).into_response()
    }
}

async fn recover(session: Session) -> Result<(), Teapot> {
    session.put("recovered", true).map_err(|_| Teapot)?;
    Err(Teapot)
}

async fn panics(session: Session) -> Result<(), SessionRejection> {
    session.put("panicked", true)?;
    panic!("{}", lab::PANIC)
}
