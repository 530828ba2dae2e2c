//! warp.

use std::convert::Infallible;

use futures_util::stream;
use hyper::body::Incoming;
use playground::page::About;
use session_core::DriverName;
use session_warp::{RouteSession, Server, Session, SessionLayer, SessionManager, SessionRejection};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};
use warp::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use warp::http::{HeaderValue, Request, StatusCode};
use warp::reject::Reject;
use warp::reply::{Response, with_header, with_status};
use warp::{Filter, Rejection, Reply};

use crate::lab;
use crate::{Adapter, Serving};

/// `session-warp`, in the warp playground.
#[derive(Debug)]
pub struct Warp;

type Answer<T> = Result<T, SessionRejection>;

impl Adapter for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving {
        let layer = SessionLayer::new(manager);
        let routes = warp_playground::routes(About::new(layer.manager(), driver)).boxed();
        let routes = routes.or(warp::path("lab").and(inside(layer.clone())));
        let inside = session_warp::service(routes, layer);
        let outside = warp::service(warp::path("lab").and(outside()));
        // The layer is around all routes that it is around, so those beside it are another service.
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
    let session = session_warp::session();
    let cookies = warp::path!("cookies").and(session).then(cookies);
    let caching = warp::path!("caching").and(session).then(caching);
    let streaming = warp::path!("stream").and(session).then(streaming);
    let twice = warp::path!("twice")
        .and(session_warp::route_session(layer))
        .then(|route: RouteSession| route.run(count));
    let current = warp::path!("current").then(current);
    let json = warp::path!("json")
        .and(warp::put())
        .and(session)
        .and(warp::body::json())
        .map(|_: Session, _: serde_json::Value| StatusCode::NO_CONTENT);
    let refuse = warp::path!("refuse").and(warp::post());
    let refuse = refuse.and(session).and_then(refused);
    let recover = warp::path!("recover").and(warp::post());
    let recover = recover.and(session).and_then(fail).recover(recovered);
    let panics = warp::path!("panic").and(session).then(panics);
    cookies
        .or(caching)
        .or(streaming)
        .or(twice)
        .or(current)
        .or(json)
        .or(refuse)
        .or(recover)
        .or(panics)
}

fn outside() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let outside = warp::path!("outside").map(|| "no session here");
    let missing = warp::path!("missing").and(session_warp::session());
    outside
        .or(missing.then(count))
        .recover(session_warp::recover)
}

async fn cookies(session: Session) -> Answer<Response> {
    session.put("cookies", true)?;
    let [theme, lang, sessions] = lab::FOREIGN;
    let mut response = "cookies".into_response();
    for line in [theme, lang, lab::OWN, sessions] {
        let headers = response.headers_mut();
        headers.append(SET_COOKIE, HeaderValue::from_static(line));
    }
    Ok(response)
}

async fn caching(session: Session) -> Answer<impl Reply> {
    session.put("caching", true)?;
    let reply = with_header("cached", CACHE_CONTROL, lab::CACHE_CONTROL);
    Ok(with_header(reply, VARY, lab::VARY))
}

async fn streaming(session: Session) -> Answer<impl Reply> {
    session.put("name", "Ada")?;
    let chunks = (1..=3).map(move |n| Ok::<_, Infallible>(lab::chunk(&session, n)));
    Ok(warp::reply::stream(stream::iter(chunks)))
}

async fn count(session: Session) -> Answer<String> {
    Ok(lab::count(&session)?)
}

async fn current() -> Answer<String> {
    Ok(lab::count(&Session::current()?)?)
}

/// A rejection that no `recover` knows.
#[derive(Debug)]
struct Refused;

impl Reject for Refused {}

async fn refused(session: Session) -> Result<StatusCode, Rejection> {
    put(&session, "refused")?;
    Err(warp::reject::custom(Refused))
}

/// A rejection that the application's `recover` knows.
#[derive(Debug)]
struct Teapot;

impl Reject for Teapot {}

async fn fail(session: Session) -> Result<StatusCode, Rejection> {
    put(&session, "recovered")?;
    Err(warp::reject::custom(Teapot))
}

async fn recovered(rejection: Rejection) -> Result<impl Reply, Rejection> {
    match rejection.find() {
        Some(Teapot) => Ok(with_status(lab::RECOVERED, StatusCode::IM_A_TEAPOT)),
        None => Err(rejection),
    }
}

async fn panics(session: Session) -> Answer<StatusCode> {
    session.put("panicked", true)?;
    panic!("{}", lab::PANIC)
}

fn put(session: &Session, key: &str) -> Answer<()> {
    Ok(session.put(key, true)?)
}
