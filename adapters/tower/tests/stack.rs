//! The layer among others: readiness, clones, tasks at once, and the facade.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use common::{cookie, cookie_of, memory, request, stored};
use http::{Request, Response};
use session_tower::{ErrorKind, Session, SessionLayer, SessionManager};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// A service that insists on being asked whether it is ready, and whose clones are not.
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
        assert!(
            std::mem::take(&mut self.is_ready),
            "called without being ready"
        );
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_the_one_that_is_called() {
    let (_, manager) = memory();
    // Twice: with a layer inside, the request takes the other branch.
    let mut service = ServiceBuilder::new()
        .layer(SessionLayer::new(manager.clone()))
        .layer(SessionLayer::new(manager))
        .service(Strict::default());
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(request(&[])).await;
        assert!(response.is_ok());
    }
    // Two calls before either is polled.
    let first = service.ready().await.unwrap().call(request(&[]));
    let second = service.ready().await.unwrap().call(request(&[]));
    let (second, first) = tokio::join!(second, first);
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn a_service_that_is_not_ready_makes_the_layer_wait() {
    let (_, manager) = memory();
    let mut service = ServiceBuilder::new()
        .layer(SessionLayer::new(manager))
        .concurrency_limit(1)
        .service(service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        }));
    let busy = service.ready().await.unwrap().call(request(&[]));
    let mut other = service.clone();
    let mut waiting = Box::pin(other.ready());
    assert!(futures_poll(&mut waiting).await.is_pending());
    assert!(busy.await.is_ok());
    let next = waiting.await.unwrap().call(request(&[]));
    assert!(next.await.is_ok());
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

#[tokio::test]
async fn layers_may_stand_around_it_and_inside() {
    let (_, manager) = memory();
    let service = ServiceBuilder::new()
        .map_response(|response: Response<String>| response.map(|body| body + " outside"))
        .layer(SessionLayer::new(manager.clone()))
        .map_request(|request: Request<String>| {
            // A function between the layer and the handler is in the session's scope.
            Session::current().unwrap().put("seen", true).unwrap();
            request
        })
        .service(service_fn(|_: Request<String>| async {
            let seen: Option<bool> = Session::current().unwrap().get("seen").unwrap();
            Ok::<_, Infallible>(Response::new(format!("{seen:?}")))
        }));
    let response = service.oneshot(request(&[])).await.unwrap();
    assert_eq!(response.body(), "Some(true) outside");
    assert_eq!(
        stored(&manager, &cookie(&response)).await,
        r#"{"seen":true}"#
    );
}

#[tokio::test]
async fn it_can_be_boxed_and_named() {
    let (_, manager) = memory();
    let layer = SessionLayer::from(manager);
    assert_eq!(layer.manager().cookie_name(), "session");
    let service = layer.layer(service_fn(|_: Request<String>| async {
        Ok::<_, Infallible>(Response::new("boxed".to_owned()))
    }));
    let service = tower::util::BoxCloneSyncService::new(service);
    let response = service.oneshot(request(&[])).await.unwrap();
    assert_eq!(response.body(), "boxed");
}

/// Says, several times while others run, whose session is the current one.
async fn say_who(manager: &SessionManager, cookie: &str) -> String {
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            let mut who = Vec::new();
            for _ in 0..3 {
                let session = Session::current().unwrap();
                who.push(session.get::<String>("user").unwrap().unwrap());
                tokio::task::yield_now().await;
            }
            Ok::<_, Infallible>(Response::new(who.concat()))
        }));
    service
        .oneshot(request(&[cookie]))
        .await
        .unwrap()
        .into_body()
}

#[tokio::test]
async fn requests_at_once_do_not_see_each_others_sessions() {
    let (_, manager) = memory();
    let named = async |name: &'static str| {
        cookie_of(&manager, move |session| session.put("user", name).unwrap()).await
    };
    let (a, b) = (named("a").await, named("b").await);
    let (who_a, who_b) = tokio::join!(say_who(&manager, &a), say_who(&manager, &b));
    assert_eq!((&*who_a, &*who_b), ("aaa", "bbb"));
    assert_eq!(Session::current().unwrap_err().kind(), ErrorKind::Missing);
}

#[tokio::test]
async fn a_spawned_task_has_a_session_only_if_it_is_given_one() {
    let (_, manager) = memory();
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            let session = Session::current().unwrap();
            let without = tokio::spawn(async { Session::try_current().is_some() });
            let with = session.scope(async { Session::current().unwrap().put("spawned", true) });
            let with = tokio::spawn(with).await.unwrap();
            let answer = format!("{} {}", without.await.unwrap(), with.is_ok());
            Ok::<_, Infallible>(Response::new(answer))
        }));
    let response = service.oneshot(request(&[])).await.unwrap();
    assert_eq!(response.body(), "false true");
    assert_eq!(
        stored(&manager, &cookie(&response)).await,
        r#"{"spawned":true}"#
    );
}

/// The reference is fifty increments of which the seed keeps one.
#[tokio::test]
async fn fifty_requests_at_once_count_to_fifty() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("n", 0).unwrap()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let service =
            SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
                tokio::task::yield_now().await;
                let session = Session::current().unwrap();
                session.update("n", 0, |n: u32| n + 1).unwrap();
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(Response::new(String::new()))
            }));
        tasks.spawn(service.oneshot(request(&[&cookie])));
    }
    tasks.join_all().await;
    assert_eq!(stored(&manager, &cookie).await, r#"{"n":50}"#);
}
