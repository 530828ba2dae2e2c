//! A store that is down: when the session is loaded, when it is saved, or both.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Log, Probe, cookie_of, memory, request, respond, secret, stored, values, visit};
use http::header::SET_COOKIE;
use http::{Request, Response, StatusCode};
use session_tower::{
    Builder, Error, ErrorKind, OnOutage, OnSaveFailure, Session, SessionLayer, SessionManager,
};
use tower::{Layer, ServiceExt, service_fn};

fn memory_with(set: fn(Builder) -> Builder) -> (Arc<Probe>, SessionManager) {
    let probe = Arc::new(Probe::default());
    let builder = SessionManager::builder(probe.clone(), secret());
    (probe, set(builder).build().unwrap())
}

async fn ada(manager: &SessionManager) -> String {
    cookie_of(manager, |session| session.put("user", "Ada").unwrap()).await
}

#[tokio::test]
async fn served_during_an_outage_a_session_reads_as_empty_and_refuses_writes() {
    let (probe, manager) = memory();
    let cookie = ada(&manager).await;
    probe.break_loads(true);
    let response = respond(&manager, &[&cookie], |session| {
        assert!(!session.is_available());
        assert_eq!(session.get::<String>("user").unwrap(), None);
        assert_eq!(session.all().to_json(), "{}");
        let refused: [Result<(), Error>; 10] = [
            session.put("user", "Bob"),
            session.flash("a", 1),
            session.reflash(),
            session.keep(["a"]),
            session.flush(),
            session.regenerate(),
            session.destroy(),
            session.forget("user").map(drop),
            session.pull::<String>("user").map(drop),
            session.update("n", 0, |n: u8| n + 1).map(drop),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert_eq!(session.id().unwrap_err().kind(), ErrorKind::Unavailable);
        // Flash for this request needs no store.
        session.flash_now("a", 1).unwrap();
        assert_eq!(session.all_flash().to_json(), r#"{"a":1}"#);
        Response::new("served".to_owned())
    })
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), "served");
    assert!(!response.headers().contains_key(SET_COOKIE));
    probe.break_loads(false);
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":"Ada"}"#);
}

/// A visitor without a cookie needs no store until there is something to save.
#[tokio::test]
async fn during_an_outage_a_new_visitor_is_served_as_ever() {
    let (probe, manager) = memory_with(|builder| builder.on_outage(OnOutage::Refuse));
    probe.break_loads(true);
    let response = visit(&manager, &[], |session| {
        assert!(session.is_available());
        session.put("user", 42).unwrap();
    })
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(values(&response, SET_COOKIE).len(), 1);
}

#[tokio::test]
async fn refused_during_an_outage_a_request_gets_503_and_its_handler_does_not_run() {
    let log = Log::capture();
    let (probe, manager) = memory_with(|builder| builder.on_outage(OnOutage::Refuse));
    let cookie = ada(&manager).await;
    probe.break_loads(true);
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let response = visit(&manager, &[&cookie], move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    })
    .await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let line = "ERROR session: session load failed error=\"the session store is unavailable: connection refused\"";
    assert_eq!(log.count(line), 1, "{}", log.text());
    probe.break_loads(false);
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":"Ada"}"#);
}

/// The seed replaces the session by a new one here.
#[tokio::test]
async fn a_store_that_is_back_before_the_save_does_not_lose_the_session() {
    let (probe, manager) = memory();
    let cookie = ada(&manager).await;
    probe.break_loads(true);
    let store = probe.clone();
    let response = visit(&manager, &[&cookie], move |session| {
        store.break_loads(false);
        let error = session.put("user", "nobody").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    })
    .await;
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert_eq!(probe.memory.len(), 1);
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":"Ada"}"#);
}

#[tokio::test]
async fn when_the_save_fails_the_response_stands_without_a_cookie() {
    let log = Log::capture();
    let (probe, manager) = memory();
    let cookie = ada(&manager).await;
    probe.break_saves(true);
    for cookies in [&[][..], &[&*cookie]] {
        let response = respond(&manager, cookies, |session| {
            session.put("user", "Bob").unwrap();
            Response::new("answer".to_owned())
        })
        .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), "answer");
        assert!(!response.headers().contains_key(SET_COOKIE));
    }
    let line = "ERROR session: session save failed error=\"the session store is unavailable: connection refused\"";
    assert_eq!(log.count(line), 2, "{}", log.text());
    probe.break_saves(false);
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":"Ada"}"#);
}

#[tokio::test]
async fn a_logout_that_cannot_be_saved_keeps_the_cookie() {
    let (probe, manager) = memory();
    let cookie = ada(&manager).await;
    probe.break_saves(true);
    let response = visit(&manager, &[&cookie], |session| session.destroy().unwrap()).await;
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert_eq!(stored(&manager, &cookie).await, r#"{"user":"Ada"}"#);
}

#[tokio::test]
async fn when_the_save_fails_the_response_may_become_a_503() {
    let (probe, manager) = memory_with(|builder| builder.on_save_failure(OnSaveFailure::Refuse));
    let cookie = ada(&manager).await;
    probe.break_saves(true);
    let response = respond(&manager, &[&cookie], |session| {
        session.put("user", "Bob").unwrap();
        let response = Response::builder().header(SET_COOKIE, "paid=yes");
        response.body("answer".to_owned()).unwrap()
    })
    .await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.body(), "");
    assert!(!response.headers().contains_key(SET_COOKIE));
    // Where there is nothing to save, nothing fails.
    let response = visit(&manager, &[&cookie], |session| drop(session.all())).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_lazy_request_that_takes_no_session_does_not_notice_an_outage() {
    let (probe, manager) = memory_with(|builder| {
        builder
            .opening(session_tower::Opening::Lazy)
            .on_outage(OnOutage::Refuse)
    });
    let cookie = ada(&manager).await;
    probe.break_loads(true);
    let service = SessionLayer::new(manager).layer(service_fn(|_: Request<String>| async {
        assert!(Session::try_current().is_none());
        Ok::<_, Error>(Response::new("served".to_owned()))
    }));
    let response = service.oneshot(request(&[&cookie])).await.unwrap();
    assert_eq!(response.body(), "served");
}
