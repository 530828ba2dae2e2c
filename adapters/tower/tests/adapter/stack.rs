//! The layer among others: readiness, clones, and spawned tasks.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use session_tower::{ResponseBody, Session, SessionLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::common::{body, cookie, memory, request, stored};

/// A service that must be polled before each call, and whose clones are not ready.
#[derive(Debug, Default)]
struct Strict {
    is_ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<String>> for Strict {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        let was_ready = std::mem::take(&mut self.is_ready);
        assert!(was_ready, "called without being ready");
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn only_the_service_that_was_polled_is_called() {
    // Nested, because an inner layer takes another branch.
    let mut service = ServiceBuilder::new()
        .layer(SessionLayer::new(memory()))
        .layer(SessionLayer::new(memory()))
        .service(Strict::default());
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(request("")).await;
        assert!(response.is_ok());
    }
    // Two calls before either is polled.
    let first = service.ready().await.unwrap().call(request(""));
    let second = service.ready().await.unwrap().call(request(""));
    let (second, first) = tokio::join!(second, first);
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn the_layer_waits_for_a_busy_service() {
    let mut service = ServiceBuilder::new()
        .layer(SessionLayer::new(memory()))
        .concurrency_limit(1)
        .service(service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        }));
    let busy = service.ready().await.unwrap().call(request(""));
    let mut other = service.clone();
    let mut waiting = pin!(other.ready());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    assert!(busy.await.is_ok());
    let next = waiting.await.unwrap().call(request(""));
    assert!(next.await.is_ok());
}

#[tokio::test]
async fn other_layers_work_outside_and_inside() {
    let manager = memory();
    let service = ServiceBuilder::new()
        .map_response(|response: Response<ResponseBody<String>>| {
            response.map(|body| body.into_inner().unwrap() + " outside")
        })
        .layer(SessionLayer::new(manager.clone()))
        .map_request(|request: Request<String>| {
            // Between the layer and the handler, in the session's scope.
            Session::current().unwrap().put("seen", true).unwrap();
            request
        })
        .service(service_fn(|_: Request<String>| async {
            let seen: Option<bool> = Session::current().unwrap().get("seen").unwrap();
            Ok::<_, Infallible>(Response::new(format!("{seen:?}")))
        }));
    let response = service.oneshot(request("")).await.unwrap();
    assert_eq!(response.body(), "Some(true) outside");
    let data = stored(&manager, &cookie(&response)).await;
    assert_eq!(data, r#"{"seen":true}"#);
}

#[tokio::test]
async fn the_service_can_be_boxed() {
    let layer = SessionLayer::from(memory());
    assert_eq!(layer.manager().cookie_name(), "session");
    let service = layer.layer(service_fn(|_: Request<String>| async {
        Ok::<_, Infallible>(Response::new("boxed".to_owned()))
    }));
    let service = tower::util::BoxCloneSyncService::new(service);
    let response = service.oneshot(request("")).await.unwrap();
    assert_eq!(body(response), "boxed");
}

#[tokio::test]
async fn a_spawned_task_has_a_session_only_in_its_scope() {
    let manager = memory();
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            let session = Session::current().unwrap();
            let without = tokio::spawn(async { Session::try_current().is_some() });
            let with = session.scope(async { Session::current().unwrap().put("spawned", true) });
            let with = tokio::spawn(with).await.unwrap();
            let answer = format!("{} {}", without.await.unwrap(), with.is_ok());
            Ok::<_, Infallible>(Response::new(answer))
        }));
    let response = service.oneshot(request("")).await.unwrap();
    let data = stored(&manager, &cookie(&response)).await;
    assert_eq!(data, r#"{"spawned":true}"#);
    assert_eq!(body(response), "false true");
}
