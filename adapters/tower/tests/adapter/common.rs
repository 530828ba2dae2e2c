//! Requests through the layer.

use std::sync::Arc;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, Request, Response};
use session_tower::testing::TestSessions;
use session_tower::{Builder, Outcome, ResponseBody, Secret, SessionManager};
use test_support::probe::Probe;

/// Sessions in memory.
pub(crate) fn memory() -> SessionManager {
    TestSessions::new().manager()
}

/// Sessions in a store that can be watched, held, and broken.
pub(crate) fn probed(set: fn(Builder) -> Builder) -> (Arc<Probe>, SessionManager) {
    let probe = Arc::new(Probe::default());
    let builder = SessionManager::builder(probe.clone(), Secret::generate().unwrap());
    (probe, set(builder).build().unwrap())
}

/// Stores a session and returns its Cookie header.
pub(crate) async fn store(manager: &SessionManager, key: &str, value: u32) -> String {
    let session = manager.open(None).await.unwrap();
    session.put(key, value).unwrap();
    let Outcome::Set(token) = manager.commit(&session).await.unwrap() else {
        panic!("nothing was stored");
    };
    format!("session={}", token.as_str())
}

pub(crate) fn request(cookie: &str) -> Request<String> {
    let mut request = Request::new(String::new());
    if !cookie.is_empty() {
        let cookie = cookie.parse().unwrap();
        request.headers_mut().insert(COOKIE, cookie);
    }
    request
}

/// Returns the inner service's body.
pub(crate) fn body(response: Response<ResponseBody<String>>) -> String {
    response.into_body().into_inner().unwrap()
}

/// Returns all values of a header.
pub(crate) fn values<B>(response: &Response<B>, name: HeaderName) -> Vec<&str> {
    let values = response.headers().get_all(name);
    values.iter().map(|value| value.to_str().unwrap()).collect()
}

/// Returns the Cookie header that answers the response's only Set-Cookie.
pub(crate) fn cookie<B>(response: &Response<B>) -> String {
    let [line] = values(response, SET_COOKIE)[..] else {
        panic!("not one cookie: {:?}", response.headers());
    };
    line.split(';').next().unwrap().to_owned()
}

/// Returns the data of the session with this Cookie header, without a request.
pub(crate) async fn stored(manager: &SessionManager, cookie: &str) -> String {
    let (_, token) = cookie.split_once('=').unwrap();
    manager.open(Some(token)).await.unwrap().all().to_json()
}
