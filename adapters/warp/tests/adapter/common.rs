//! Requests of a visitor, and a store that fails.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::BodyExt;
use session_warp::testing::{TestSessions, Visitor};
use session_warp::{Builder, Secret, Session, SessionManager, SessionRejection};
use test_support::probe::Probe;
use tower::{Service, ServiceExt};
use warp::Filter;
use warp::http::Request;
use warp::reply::{Reply, Response};

pub(crate) use test_support::http::{Answer, Browser};

pub(crate) type Done<T> = Result<T, SessionRejection>;

pub(crate) async fn visits(session: Session) -> Done<String> {
    Ok(session.update("visits", 0, |n: u32| n + 1)?.to_string())
}

/// Sends a visitor's request, such as `GET /`, through a [`session_warp::service`].
pub(crate) async fn send<A>(app: &A, visitor: &mut Visitor, request: &str) -> Answer
where
    A: Service<Request<String>, Response = Response, Error = Infallible> + Clone,
{
    let (method, path) = request.split_once(' ').unwrap();
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", visitor.cookie());
    let request = request.body(String::new()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    visitor.receive_headers(response.headers());
    read(response).await
}

/// Sends a visitor's request to the routes themselves.
pub(crate) async fn send_to_routes<F>(routes: &F, visitor: &mut Visitor, request: &str) -> Answer
where
    F: Filter + 'static,
    F::Extract: Reply + Send,
    F::Error: Send,
{
    let (method, path) = request.split_once(' ').unwrap();
    let request = warp::test::request().method(method).path(path);
    let request = request.header("cookie", visitor.cookie());
    let response = request.reply(routes).await;
    visitor.receive_headers(response.headers());
    read(response.map(http_body_util::Full::new)).await
}

async fn read<B>(response: warp::http::Response<B>) -> Answer
where
    B: warp::hyper::body::Body<Error: std::fmt::Debug>,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

/// Returns the visitor's data and flash.
pub(crate) async fn stored(visitor: &Visitor) -> String {
    let session = visitor.session().await;
    let (data, flash) = (session.all().to_json(), session.all_flash().to_json());
    format!("{data} {flash}")
}

/// Sessions in a store that can be watched and broken.
pub(crate) fn probed(set: fn(Builder) -> Builder) -> (Arc<Probe>, TestSessions) {
    let probe = Arc::new(Probe::default());
    let driver = probe.clone();
    let sessions =
        TestSessions::with(|_| set(SessionManager::builder(driver, Secret::generate().unwrap())));
    (probe, sessions)
}
