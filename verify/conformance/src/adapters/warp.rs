//! warp.

use std::future::pending;

use futures_util::SinkExt;
use hyper::body::Incoming;
use playground::page::About;
use session_core::DriverName;
use session_warp::{RouteSession, Server, Session, SessionLayer, SessionManager, SessionRejection};
use tokio::net::TcpListener;
use tokio::task::yield_now;
use tower::{ServiceExt, service_fn};
use warp::http::{HeaderMap, Request, StatusCode};
use warp::reject::Reject;
use warp::reply::{Response, with_status};
use warp::ws::{Message, Ws};
use warp::{Filter, Rejection, Reply};

use super::{Adapter, Serving};
use crate::lab::{self, BACKGROUND};

/// `session-warp` with the warp playground.
#[derive(Debug)]
pub(crate) struct Warp;

type Result<T> = std::result::Result<T, SessionRejection>;

impl Adapter for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let layer = SessionLayer::new(manager)
            .background(|request| request.headers.contains_key(BACKGROUND));
        let routes = warp_playground::routes(About::new(layer.manager(), driver)).boxed();
        let lab = warp::path("lab").and(inside(layer.clone()));
        let inside = session_warp::service(routes.or(lab), layer);
        let outside = warp::service(warp::path("lab").and(outside()));
        // A layer wraps a whole service, so the routes outside it are a service of their own.
        let app = service_fn(move |request: Request<Incoming>| {
            let (inside, outside) = (inside.clone(), outside.clone());
            async move {
                match request.uri().path() {
                    "/lab/outside" | "/lab/missing" => outside.oneshot(request).await,
                    _ => inside.oneshot(request).await,
                }
            }
        });
        Box::pin(Server::new(app).incoming(listener).run())
    }
}

fn inside(layer: SessionLayer) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let headers = warp::header::headers_cloned();
    let reply = warp::path!("reply").and(warp::get()).and(headers);
    let reply = reply.map(|headers: HeaderMap| lab::reply(&headers));
    let replies = reply.or(session_at("reply").and(headers).then(put_and_reply));
    let streams = session_at("stream")
        .then(|session| stream(session, false))
        .or(session_at("endless").then(|session| stream(session, true)))
        .or(session_at("socket").and(warp::ws()).map(socket));
    let twice = warp::path!("twice")
        .and(session_warp::route_session(layer))
        .then(|route: RouteSession| route.run(count));
    let extractors = session_at("extractors").and(session_warp::optional_session());
    let uses = warp::path!("current")
        .then(current)
        .or(extractors.then(use_all))
        .or(session_at("json").and(warp::body::json()).map(json));
    let failures = session_at("misuse")
        .then(misuse)
        .or(session_at("refuse").and_then(refuse))
        .or(session_at("recover").and_then(fail).recover(recover))
        .or(session_at("panic").then(panics))
        .or(session_at("stall").then(stall));
    replies.or(streams).or(twice).or(uses).or(failures)
}

fn outside() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let outside = warp::path!("outside").map(|| "no session here");
    outside
        .or(session_at("missing").then(count))
        .recover(session_warp::recover)
}

fn session_at(path: &'static str) -> impl Filter<Extract = (Session,), Error = Rejection> + Clone {
    warp::path(path)
        .and(warp::path::end())
        .and(session_warp::session())
}

async fn put_and_reply(session: Session, headers: HeaderMap) -> Result<impl Reply> {
    session.put("replied", true)?;
    Ok(lab::reply(&headers))
}

async fn stream(session: Session, is_endless: bool) -> Result<impl Reply> {
    lab::introduce(&session)?;
    let observations = lab::observations(session, is_endless);
    Ok(warp::reply::stream(observations))
}

fn socket(session: Session, upgrade: Ws) -> Result<impl Reply> {
    lab::introduce(&session)?;
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _ = socket.send(Message::text(lab::observe(&session, 1))).await;
    }))
}

async fn count(session: Session) -> Result<String> {
    Ok(lab::count(&session)?)
}

async fn current() -> Result<String> {
    lab::count(&Session::current()?)?;
    yield_now().await;
    Ok(lab::visits(&Session::current()?)?)
}

async fn use_all(one: Session, two: Option<Session>) -> Result<String> {
    yield_now().await;
    let three = Session::try_current().unwrap();
    Ok(lab::use_all(&one, &two.unwrap(), &three)?)
}

fn json(_session: Session, _body: serde_json::Value) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn misuse(session: Session) -> Result<String> {
    Ok(lab::misuse(&session)?)
}

/// A rejection that nobody handles.
#[derive(Debug)]
struct Refused;

impl Reject for Refused {}

async fn refuse(session: Session) -> std::result::Result<StatusCode, Rejection> {
    lab::write(&session, "refused").map_err(SessionRejection::from)?;
    Err(Refused.into())
}

/// A rejection that the application handles.
#[derive(Debug)]
struct Teapot;

impl Reject for Teapot {}

async fn fail(session: Session) -> std::result::Result<StatusCode, Rejection> {
    lab::write(&session, "recovered").map_err(SessionRejection::from)?;
    Err(Teapot.into())
}

async fn recover(rejection: Rejection) -> std::result::Result<impl Reply, Rejection> {
    match rejection.find() {
        Some(Teapot) => Ok(with_status(lab::RECOVERED, StatusCode::IM_A_TEAPOT)),
        None => Err(rejection),
    }
}

async fn panics(session: Session) -> Result<Response> {
    lab::write(&session, "panicked")?;
    panic!("{}", lab::PANIC)
}

async fn stall(session: Session) -> Result<Response> {
    lab::write(&session, "stalled")?;
    pending().await
}
