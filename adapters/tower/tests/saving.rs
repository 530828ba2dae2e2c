//! When the session is saved, and that nothing but its cookie changes in the answer.

mod common;

use std::convert::Infallible;
use std::pin::Pin;

use common::{cookie, cookie_of, memory, request, respond, stored, visit};
use http::header::SET_COOKIE;
use http::{Request, Response, StatusCode};
use session_tower::{Session, SessionLayer};
use tower::{Layer, ServiceExt, service_fn};

#[tokio::test]
async fn what_a_handler_puts_is_there_on_the_next_request() {
    let (_, manager) = memory();
    let first = visit(&manager, &[], |session| session.put("user", 42).unwrap()).await;
    let second = respond(&manager, &[&cookie(&first)], |session| {
        Response::new(session.get::<u32>("user").unwrap().unwrap().to_string())
    })
    .await;
    assert_eq!(second.body(), "42");
}

#[tokio::test]
async fn an_answer_with_an_error_status_is_saved_too() {
    for status in [
        StatusCode::FOUND,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_GATEWAY,
    ] {
        let (_, manager) = memory();
        let response = respond(&manager, &[], move |session| {
            session.put("user", 42).unwrap();
            let response = Response::builder().status(status);
            response.body("as it was".to_owned()).unwrap()
        })
        .await;
        assert_eq!(response.status(), status);
        assert_eq!(response.body(), "as it was");
        assert_eq!(stored(&manager, &cookie(&response)).await, r#"{"user":42}"#);
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Broken(&'static str);

#[tokio::test]
async fn when_the_inner_service_fails_the_session_is_saved_and_the_error_unchanged() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            Session::current().unwrap().put("tried", true).unwrap();
            Err::<Response<String>, _>(Broken("pipe"))
        }));
    let error = service.oneshot(request(&[&cookie])).await.unwrap_err();
    assert_eq!(error, Broken("pipe"));
    assert_eq!(
        stored(&manager, &cookie).await,
        r#"{"tried":true,"user":42}"#
    );
}

#[tokio::test]
async fn when_the_inner_service_and_the_save_fail_the_error_is_the_services() {
    let (probe, manager) = memory();
    probe.break_saves(true);
    let service = SessionLayer::new(manager).layer(service_fn(|_: Request<String>| async {
        Session::current().unwrap().put("tried", true).unwrap();
        Err::<Response<String>, _>(Broken("pipe"))
    }));
    assert_eq!(
        service.oneshot(request(&[])).await.unwrap_err(),
        Broken("pipe")
    );
}

/// A body that does something only when it is polled.
#[derive(Default)]
struct Body(Option<Pin<Box<dyn Future<Output = String> + Send>>>);

#[tokio::test]
async fn the_session_is_saved_before_the_body_streams() {
    let (probe, manager) = memory();
    let store = probe.clone();
    let service = SessionLayer::new(manager).layer(service_fn(move |_: Request<String>| {
        let store = store.clone();
        async move {
            let session = Session::current().unwrap();
            session.put("user", 42).unwrap();
            let before = store.memory.len();
            let body = async move {
                let handle = session.id().unwrap();
                let late = session.put("late", true).unwrap_err();
                let found = session_tower::Driver::load(&store.memory, handle.as_str()).await;
                let data = found.unwrap().unwrap().record.data().to_json();
                format!(
                    "{before} then {} {data}, {:?}",
                    store.memory.len(),
                    late.kind()
                )
            };
            Ok::<_, Infallible>(Response::new(Body(Some(Box::pin(body)))))
        }
    }));
    let mut response = service.oneshot(request(&[])).await.unwrap();
    let frame = response.body_mut().0.take().unwrap().await;
    assert_eq!(frame, r#"0 then 1 {"user":42}, Closed"#);
}

#[tokio::test]
async fn a_visitor_who_leaves_nothing_costs_nothing() {
    let (probe, manager) = memory();
    let response = visit(&manager, &[], |session| {
        assert_eq!(session.get::<u32>("user").unwrap(), None);
    })
    .await;
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert!(probe.memory.is_empty());
}

#[tokio::test]
async fn a_logout_removes_the_record_and_the_cookie() {
    let (probe, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    let response = visit(&manager, &[&cookie], |session| session.destroy().unwrap()).await;
    assert_eq!(
        common::values(&response, SET_COOKIE),
        [
            "session=; Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ]
    );
    assert!(probe.memory.is_empty());
}
