//! The Set-Cookie header among those of others, and layers around layers.

mod common;

use std::convert::Infallible;

use common::{Log, cookie, cookie_of, memory, request, respond, stored, values, visit};
use http::header::SET_COOKIE;
use http::{Request, Response};
use session_tower::{Session, SessionLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};

fn with_cookies(lines: &[&str]) -> Response<String> {
    let mut response = Response::default();
    for line in lines {
        response
            .headers_mut()
            .append(SET_COOKIE, line.parse().expect("a header"));
    }
    response
}

/// security.md 20.
#[tokio::test]
async fn s20_the_cookies_of_others_stay_and_ours_is_appended_once() {
    let (_, manager) = memory();
    let response = respond(&manager, &[], |session| {
        session.put("user", 42).unwrap();
        session.put("user", 43).unwrap();
        session.flash("notice", "hello").unwrap();
        with_cookies(&[
            "theme=dark; Path=/",
            "sessions=not-ours",
            "Session=nor-this",
        ])
    })
    .await;
    let lines = values(&response, SET_COOKIE);
    assert_eq!(
        lines[..3],
        [
            "theme=dark; Path=/",
            "sessions=not-ours",
            "Session=nor-this"
        ]
    );
    assert_eq!(lines.len(), 4);
    let (token, attributes) = lines[3].split_once("; ").unwrap();
    assert!(token.starts_with("session="));
    assert_eq!(
        attributes,
        "Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200"
    );
}

/// security.md 20.
#[tokio::test]
async fn s20_what_a_handler_set_under_our_name_is_replaced() {
    let (_, manager) = memory();
    let response = respond(&manager, &[], |session| {
        session.put("user", 42).unwrap();
        with_cookies(&["session=mine; Path=/", "theme=dark", " session = again"])
    })
    .await;
    let lines = values(&response, SET_COOKIE);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "theme=dark");
    assert_eq!(stored(&manager, &cookie(&response)).await, r#"{"user":42}"#);
}

#[tokio::test]
async fn where_we_set_no_cookie_the_handlers_own_is_left_alone() {
    let (_, manager) = memory();
    let response = respond(&manager, &[], |_| with_cookies(&["session=mine", "a=b"])).await;
    assert_eq!(values(&response, SET_COOKIE), ["session=mine", "a=b"]);
}

#[tokio::test]
async fn an_unmodified_session_sets_no_cookie() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    let response = visit(&manager, &[&cookie], |session| {
        assert_eq!(session.get("user").unwrap(), Some(42));
    })
    .await;
    assert!(!response.headers().contains_key(SET_COOKIE));
}

#[tokio::test]
async fn flash_that_was_shown_is_gone_with_one_cookie_and_then_there_is_peace() {
    let (_, manager) = memory();
    let first = cookie_of(&manager, |session| session.flash("a", 1).unwrap()).await;
    let second = respond(&manager, &[&first], |session| {
        Response::new(session.all_flash().to_json())
    })
    .await;
    assert_eq!(second.body(), r#"{"a":1}"#);
    let third = respond(&manager, &[&cookie(&second)], |session| {
        Response::new(session.all_flash().to_json())
    })
    .await;
    assert_eq!(third.body(), "{}");
    assert!(!third.headers().contains_key(SET_COOKIE));
}

/// The only test here that nests layers: the warning comes once in a process.
#[tokio::test]
async fn s20_an_inner_layer_passes_through_and_warns_once() {
    let log = Log::capture();
    let (outer, outer_manager) = memory();
    let (inner, inner_manager) = memory();
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(outer_manager.clone()))
        .layer(SessionLayer::new(inner_manager))
        .layer(SessionLayer::new(outer_manager.clone()))
        .service(service_fn(|_: Request<String>| async {
            let session = Session::current().unwrap();
            let visits = session.update("visits", 0, |visits| visits + 1).unwrap();
            Ok::<_, Infallible>(Response::new(visits.to_string()))
        }));
    let first = service.clone().oneshot(request(&[])).await.unwrap();
    let cookies = cookie(&first);
    assert_eq!(values(&first, SET_COOKIE).len(), 1);
    let second = service.oneshot(request(&[&cookies])).await.unwrap();
    assert_eq!(second.body(), "2");
    assert_eq!((outer.memory.len(), inner.memory.len()), (1, 0));
    assert_eq!(inner.loads(), 0);
    let warning = "WARN session: session layer inside another: the inner one does nothing";
    assert_eq!(log.count(warning), 1, "{}", log.text());
    // Layers of other sessions are a mistake that shows up with every request.
    let mistake = "ERROR session: session layer inside that of other sessions";
    assert_eq!(log.count(mistake), 2, "{}", log.text());
}

/// security.md 26: the headers of a response are logged by many a middleware.
#[tokio::test]
async fn s26_the_headers_do_not_show_the_token_when_they_are_logged() {
    let (_, manager) = memory();
    let response = visit(&manager, &[], |session| session.put("user", 42).unwrap()).await;
    let shown = format!("{:?}", response.headers());
    assert!(shown.contains("Sensitive"), "{shown}");
    assert!(!shown.contains("session="), "{shown}");
}
