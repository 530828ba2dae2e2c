//! actix-web.

use std::fmt;
use std::future::pending;

use actix_web::dev::HttpServiceFactory;
use actix_web::error::ErrorForbidden;
use actix_web::http::StatusCode;
use actix_web::web::{self, Json, Payload, get, post, put};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError};
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use session_actix::{Session, SessionError, SessionManager, SessionMiddleware};
use session_core::DriverName;
use tokio::net::TcpListener;
use tokio::task::yield_now;

use super::{Adapter, Serving};
use crate::lab::{self, BACKGROUND};

/// `session-actix` with the actix playground.
#[derive(Debug)]
pub(crate) struct Actix;

type Result<T> = std::result::Result<T, SessionError>;

impl Adapter for Actix {
    fn name(&self) -> &'static str {
        "actix"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let middleware = SessionMiddleware::new(manager)
            .background(|request| request.headers().contains_key(BACKGROUND));
        let app = move || {
            let lab = web::scope("/lab")
                .route("/outside", get().to(outside))
                .route("/missing", get().to(count))
                .service(routes(middleware.clone()));
            App::new()
                .service(lab)
                .service(actix_playground::app(middleware.clone(), driver))
        };
        Box::pin(async {
            let server = HttpServer::new(app)
                .workers(2)
                .disable_signals()
                .listen_auto_h2c(listener.into_std().unwrap())
                .unwrap();
            server.run().await.unwrap();
        })
    }

    fn finishes_abandoned_handlers(&self) -> bool {
        true
    }

    fn runs_extractors_together(&self) -> bool {
        true
    }
}

fn routes(middleware: SessionMiddleware) -> impl HttpServiceFactory {
    let twice = web::resource("/twice")
        .wrap(middleware.clone())
        .route(get().to(count));
    web::scope("")
        .service(twice)
        .route("/reply", get().to(reply))
        .route("/reply", post().to(put_and_reply))
        .route("/stream", get().to(stream))
        .route("/endless", get().to(endless))
        .route("/socket", get().to(socket))
        .route("/current", get().to(current))
        .route("/extractors", get().to(extractors))
        .route("/json", put().to(json))
        .route("/misuse", get().to(misuse))
        .route("/refuse", post().to(refuse))
        .route("/recover", post().to(recover))
        .route("/panic", get().to(panics))
        .route("/stall", get().to(stall))
        .wrap(middleware)
}

async fn reply(request: HttpRequest) -> HttpResponse {
    respond(&request)
}

async fn put_and_reply(session: Session, request: HttpRequest) -> Result<HttpResponse> {
    session.put("replied", true)?;
    Ok(respond(&request))
}

/// actix-web has its own types of headers, from an older version of the crate `http`.
fn respond(request: &HttpRequest) -> HttpResponse {
    let asked: HeaderMap = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_ref()).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect();
    let (parts, body) = lab::reply(&asked).into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(parts.status.as_u16()).unwrap());
    for (name, value) in &parts.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}

async fn stream(session: Session) -> Result<HttpResponse> {
    lab::introduce(&session)?;
    Ok(observations(session, false))
}

async fn endless(session: Session) -> Result<HttpResponse> {
    lab::introduce(&session)?;
    Ok(observations(session, true))
}

fn observations(session: Session, is_endless: bool) -> HttpResponse {
    let observations = lab::observations(session.into(), is_endless);
    HttpResponse::Ok().streaming(observations.map_ok(web::Bytes::from))
}

async fn socket(
    session: Session,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    let (response, mut socket, _) = actix_ws::handle(&request, body)?;
    lab::introduce(&session).map_err(SessionError::from)?;
    actix_web::rt::spawn(async move {
        let _ = socket.text(lab::observe(&session, 1)).await;
        let _ = socket.close(None).await;
    });
    Ok(response)
}

async fn count(session: Session) -> Result<String> {
    Ok(lab::count(&session)?)
}

async fn current() -> Result<String> {
    lab::count(&*Session::current()?)?;
    yield_now().await;
    Ok(lab::visits(&*Session::current()?)?)
}

async fn extractors(one: Session, two: Option<Session>) -> Result<String> {
    yield_now().await;
    let three = Session::try_current().unwrap();
    Ok(lab::use_all(&one, &two.unwrap(), &three)?)
}

async fn json(_session: Session, _body: Json<serde_json::Value>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

async fn misuse(session: Session) -> Result<String> {
    Ok(lab::misuse(&session)?)
}

async fn refuse(session: Session) -> actix_web::Result<String> {
    lab::write(&session, "refused").map_err(SessionError::from)?;
    Err(ErrorForbidden("forbidden"))
}

/// An application error.
#[derive(Debug)]
struct Teapot;

impl fmt::Display for Teapot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(lab::RECOVERED)
    }
}

impl ResponseError for Teapot {
    fn status_code(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }
}

async fn recover(session: Session) -> actix_web::Result<String> {
    lab::write(&session, "recovered").map_err(SessionError::from)?;
    Err(Teapot.into())
}

async fn panics(session: Session) -> Result<String> {
    lab::write(&session, "panicked")?;
    panic!("{}", lab::PANIC)
}

async fn stall(session: Session) -> Result<String> {
    lab::write(&session, "stalled")?;
    pending().await
}

async fn outside() -> &'static str {
    "no session here"
}
