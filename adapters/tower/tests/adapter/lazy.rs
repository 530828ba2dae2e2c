//! Sessions that open when the handler takes them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use session_tower::{Builder, ErrorKind, Exchange, Opening, Session, SessionLayer, SessionManager};
use test_support::probe::{Hold, Probe};
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{body, probed, request, store, stored};

fn lazy() -> (Arc<Probe>, SessionManager) {
    let set: fn(Builder) -> Builder = |builder| builder.opening(Opening::Lazy);
    probed(set)
}

/// Takes the session as an extractor does.
async fn take(request: &Request<String>) -> Session {
    let exchange: &Exchange = request.extensions().get().unwrap();
    exchange.session().await.unwrap()
}

/// Both tasks wait for the store, and what each of them writes is saved.
#[tokio::test]
async fn concurrent_tasks_of_one_request_share_its_session() {
    let (probe, manager) = lazy();
    let cookie = store(&manager, "n", 1).await;
    probe.hold(Hold::Load);
    let store = probe.clone();
    let service = SessionLayer::new(manager.clone()).layer(service_fn(move |request| {
        let store = store.clone();
        async move {
            let request: Request<String> = request;
            let release = async {
                // Polled last, so both loads have begun.
                store.held().await;
                store.hold(Hold::Nothing);
            };
            let (a, b, ()) = tokio::join!(take(&request), take(&request), release);
            assert_eq!(store.loads(), 2);
            a.put("a", 1).unwrap();
            b.put("b", 2).unwrap();
            Ok::<_, Infallible>(Response::new(a.all().to_json()))
        }
    }));
    let response = service.oneshot(request(&cookie));
    let response = tokio::time::timeout(Duration::from_secs(5), response).await;
    let response = response.expect("it waits forever").unwrap();
    let expected = r#"{"a":1,"b":2,"n":1}"#;
    assert_eq!(body(response), expected);
    assert_eq!(stored(&manager, &cookie).await, expected);
}

/// A task that outlives its request learns that its writes are too late, whenever it takes the
/// session.
#[tokio::test]
async fn a_session_taken_after_the_response_refuses_writes() {
    let (probe, manager) = lazy();
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        |request: Request<String>| async move {
            // As a WebSocket handler does when its task keeps the request's parts.
            let exchange: Exchange = request.extensions().get().cloned().unwrap();
            let mut response = Response::new(());
            response.extensions_mut().insert(exchange);
            Ok::<_, Infallible>(response)
        },
    ));
    let response = service.oneshot(request("")).await.unwrap();
    let late: &Exchange = response.extensions().get().unwrap();
    let result = late.session().await.unwrap().put("late", true);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    assert!(probe.driver.is_empty());
}
