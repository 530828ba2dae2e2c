//! Clients that go away while their request is served.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;

use common::{Hold, Probe, cookie_of, memory, request, stored, until};
use http::{Request, Response};
use session_tower::{Session, SessionLayer, SessionManager};
use tower::{Layer, ServiceExt, service_fn};

/// Sends a request whose handler does `work`, and gives its response up once the store is at what it holds.
async fn give_up(probe: &Probe, manager: &SessionManager, cookies: &[&str], work: fn(&Session)) {
    let service = SessionLayer::new(manager.clone()).layer(service_fn(
        move |_: Request<String>| async move {
            work(&Session::current().unwrap());
            Ok::<_, Infallible>(Response::new(String::new()))
        },
    ));
    let mut response: Pin<Box<_>> = Box::pin(service.oneshot(request(cookies)));
    tokio::select! {
        _ = &mut response => panic!("nothing was held"),
        () = probe.held() => {}
    }
}

#[tokio::test]
async fn a_save_that_was_begun_is_finished_for_nobody() {
    let (probe, manager) = memory();
    probe.hold(Hold::Save);
    give_up(&probe, &manager, &[], |session| {
        session.put("user", 42).unwrap();
    })
    .await;
    assert!(probe.memory.is_empty());
    probe.hold(Hold::Nothing);
    until(|| probe.memory.len() == 1).await;
}

#[tokio::test]
async fn an_update_that_was_begun_is_finished_for_nobody() {
    let (probe, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    probe.hold(Hold::Save);
    give_up(&probe, &manager, &[&cookie], |session| {
        session.put("user", 43).unwrap();
    })
    .await;
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":42}"#);
    probe.hold(Hold::Nothing);
    // The spawned rest runs when this task yields.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":43}"#);
}

/// security.md 6: half way, the session is under both ids; in the end only under the new one.
#[tokio::test]
async fn s06_a_regenerate_that_was_begun_leaves_no_old_record() {
    let (probe, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    probe.hold(Hold::Retire);
    give_up(&probe, &manager, &[&cookie], |session| {
        session.regenerate().unwrap();
    })
    .await;
    assert_eq!(probe.memory.len(), 2);
    probe.hold(Hold::Nothing);
    until(|| probe.memory.len() == 1).await;
    assert_eq!(stored(&manager, &cookie).await, "{}");
}

#[tokio::test]
async fn a_request_dropped_before_its_handler_is_done_leaves_the_store_untouched() {
    let (probe, manager) = memory();
    let cookie = cookie_of(&manager, |session| {
        session.put("user", 42).unwrap();
        session.flash("notice", "hello").unwrap();
    })
    .await;
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            let session = Session::current().unwrap();
            session.put("user", 43).unwrap();
            session.regenerate().unwrap();
            pending::<Result<Response<String>, Infallible>>().await
        }));
    let mut response = Box::pin(service.oneshot(request(&[&cookie])));
    tokio::select! {
        biased;
        _ = &mut response => panic!("the handler never ends"),
        () = until(|| probe.loads() == 1) => {}
    }
    drop(response);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(probe.memory.len(), 1);
    let token = cookie.strip_prefix("session=").unwrap();
    let session = manager.open(Some(token)).await.unwrap();
    assert_eq!(session.all().to_json(), r#"{"user":42}"#);
    assert_eq!(session.all_flash().to_json(), r#"{"notice":"hello"}"#);
}

#[tokio::test]
async fn a_request_dropped_while_its_session_opens_leaves_the_store_untouched() {
    let (probe, manager) = memory();
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        }));
    drop(service.oneshot(request(&["session=x.y"])));
    assert_eq!(probe.loads(), 0);
    assert!(probe.memory.is_empty());
}

/// Without a runtime nobody can finish the rest; dropping it must not panic.
#[test]
fn outside_of_a_runtime_the_rest_is_dropped() {
    session_tower::finish(Box::pin(async { unreachable!("there is no runtime") }));
}
