//! Sessions that open when the handler takes them.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use common::{Hold, Probe, cookie, cookie_of, request, secret, until, values};
use http::header::{SET_COOKIE, VARY};
use http::{Request, Response};
use session_tower::{ErrorKind, Exchange, Opening, Session, SessionLayer, SessionManager};
use tower::{Layer, ServiceExt, service_fn};

fn lazy() -> (Arc<Probe>, SessionManager) {
    let probe = Arc::new(Probe::default());
    let builder = SessionManager::builder(probe.clone(), secret()).opening(Opening::Lazy);
    (probe, builder.build().unwrap())
}

/// As an extractor does.
async fn take(request: &Request<String>) -> Session {
    let exchange: &Exchange = request.extensions().get().unwrap();
    exchange.session().await.unwrap()
}

async fn untouched(manager: &SessionManager, cookie: &str) -> Response<String> {
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::default())
        }));
    service.oneshot(request(&[cookie])).await.unwrap()
}

async fn shown(manager: &SessionManager, cookie: &str) -> Response<String> {
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        |request: Request<String>| async move {
            let flash = take(&request).await.all_flash().to_json();
            Ok::<_, Infallible>(Response::new(flash))
        },
    ));
    service.oneshot(request(&[cookie])).await.unwrap()
}

#[tokio::test]
async fn a_request_that_does_not_take_the_session_asks_no_store_and_ages_no_flash() {
    let (probe, manager) = lazy();
    let first = cookie_of(&manager, |session| session.flash("a", 1).unwrap()).await;
    for _ in 0..3 {
        let response = untouched(&manager, &first).await;
        assert!(response.headers().is_empty(), "{:?}", response.headers());
    }
    assert_eq!(probe.loads(), 0);
    let second = shown(&manager, &first).await;
    assert_eq!(second.body(), r#"{"a":1}"#);
    assert_eq!(values(&second, VARY), ["Cookie"]);
    let third = shown(&manager, &cookie(&second)).await;
    assert_eq!(third.body(), "{}");
}

#[tokio::test]
async fn eagerly_every_request_ages_flash() {
    let (probe, manager) = common::memory();
    let first = cookie_of(&manager, |session| session.flash("a", 1).unwrap()).await;
    let second = untouched(&manager, &first).await;
    assert_eq!(probe.loads(), 1);
    assert_eq!(values(&second, SET_COOKIE).len(), 1);
    assert_eq!(shown(&manager, &first).await.body(), "{}");
}

#[tokio::test]
async fn the_current_session_is_missing_before_it_is_taken_and_there_after() {
    let (probe, manager) = lazy();
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        |request: Request<String>| async move {
            assert_eq!(Session::current().unwrap_err().kind(), ErrorKind::Missing);
            assert!(Session::try_current().is_none());
            let session = take(&request).await;
            session.put("user", 42).unwrap();
            // Also after the task was away.
            tokio::task::yield_now().await;
            let found: Option<u32> = Session::current().unwrap().get("user").unwrap();
            Ok::<_, Infallible>(Response::new(format!("{found:?}")))
        },
    ));
    let response = service.oneshot(request(&[])).await.unwrap();
    assert_eq!(response.body(), "Some(42)");
    assert_eq!(values(&response, SET_COOKIE).len(), 1);
    assert_eq!(probe.memory.len(), 1);
}

#[tokio::test]
async fn taking_it_twice_gives_one_session_and_one_load() {
    let (probe, manager) = lazy();
    let cookie = cookie_of(&manager, |session| session.put("n", 1).unwrap()).await;
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        |request: Request<String>| async move {
            take(&request).await.put("n", 2).unwrap();
            let n: Option<u32> = take(&request).await.get("n").unwrap();
            Ok::<_, Infallible>(Response::new(format!("{n:?}")))
        },
    ));
    let response = service.oneshot(request(&[&cookie])).await.unwrap();
    assert_eq!(response.body(), "Some(2)");
    assert_eq!(probe.loads(), 1);
}

/// Both ask the store before either is answered; what each writes is saved all the same.
#[tokio::test]
async fn tasks_of_one_request_that_take_it_at_once_share_it() {
    let (probe, manager) = lazy();
    let cookie = cookie_of(&manager, |session| session.put("n", 1).unwrap()).await;
    probe.hold(Hold::Load);
    let store = probe.clone();
    let service = SessionLayer::new(manager.clone()).layer(service_fn(move |request| {
        let store = store.clone();
        async move {
            let request: Request<String> = request;
            let release = async {
                until(|| store.loads() == 2).await;
                store.hold(Hold::Nothing);
            };
            let (a, b, ()) = tokio::join!(take(&request), take(&request), release);
            a.put("a", 1).unwrap();
            b.put("b", 2).unwrap();
            Ok::<_, Infallible>(Response::new(a.all().to_json()))
        }
    }));
    let response = service.oneshot(request(&[&cookie]));
    let response = tokio::time::timeout(Duration::from_secs(5), response).await;
    let response = response.expect("it waits for ever").unwrap();
    assert_eq!(response.body(), r#"{"a":1,"b":2,"n":1}"#);
    assert_eq!(
        common::stored(&manager, &cookie).await,
        r#"{"a":1,"b":2,"n":1}"#
    );
}

/// A task that outlives its request must learn that its writes come too late, as it does where the session
/// was taken in time.
#[tokio::test]
async fn taken_only_after_the_response_it_refuses_writes() {
    let (probe, manager) = lazy();
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        |request: Request<String>| async move {
            // As a handler of a WebSocket does that keeps the request's parts for its task.
            let exchange: Exchange = request.extensions().get().cloned().unwrap();
            let mut response = Response::new(());
            response.extensions_mut().insert(exchange);
            Ok::<_, Infallible>(response)
        },
    ));
    let response = service.oneshot(request(&[])).await.unwrap();
    let late: &Exchange = response.extensions().get().unwrap();
    let result = late.session().await.unwrap().put("late", true);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    assert!(probe.memory.is_empty());
}
