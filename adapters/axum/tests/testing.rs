//! An application's own tests, with the feature `testing`: with requests to the router, and without.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use session_axum::testing::{self, TestSessions, Visitor};
use session_axum::{
    CookieDriver, CookieOptions, MemoryDriver, Opening, Secret, Session, SessionLayer,
    SessionManager, SessionRejection,
};
use tower::ServiceExt;

async fn login(session: Session) -> Result<Redirect, SessionRejection> {
    session.regenerate()?;
    session.put("user", "ada")?;
    session.flash("notice", "Hi")?;
    Ok(Redirect::to("/"))
}

async fn page(session: Session) -> Result<String, SessionRejection> {
    let user = session.get_or("user", "guest".to_owned())?;
    Ok(format!(
        "{user} {}",
        session.get_flash_or("notice", "-".to_owned())?
    ))
}

fn app(sessions: &TestSessions) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/login", post(login))
        .layer(SessionLayer::new(sessions.manager()))
}

/// One request of a visitor's, and the text that comes.
async fn send(app: &Router, visitor: &mut Visitor, request: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", visitor.cookie());
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
    let response = response.await.unwrap();
    visitor.receive_headers(response.headers());
    let body = axum::body::to_bytes(response.into_body(), 1000).await;
    String::from_utf8(body.unwrap().into()).unwrap()
}

#[tokio::test]
async fn a_visitor_goes_through_the_application_as_a_browser_does() {
    let sessions = TestSessions::new();
    let app = app(&sessions);
    let mut ada = sessions.guest();
    assert_eq!(send(&app, &mut ada, "GET /").await, "guest -");
    assert_eq!(ada.token(), None, "who only looks gets no cookie");
    send(&app, &mut ada, "POST /login").await;
    assert_eq!(send(&app, &mut ada, "GET /").await, "ada Hi");
    assert_eq!(send(&app, &mut ada, "GET /").await, "ada -");
    sessions.advance(sessions.manager().lifetime());
    assert_eq!(send(&app, &mut ada, "GET /").await, "guest -");
}

#[tokio::test]
async fn a_copy_of_the_cookie_from_before_the_login_stays_a_guests() {
    let sessions = TestSessions::new();
    let app = app(&sessions);
    let mut ada = sessions.visitor(|session| session.put("cart", 1)).await;
    let mut thief = ada.clone();
    send(&app, &mut ada, "POST /login").await;
    assert_eq!(send(&app, &mut thief, "GET /").await, "guest -");
    let session = ada.session().await;
    assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
}

#[tokio::test]
async fn the_cookie_driver_with_another_name_works_as_well() {
    let sessions = TestSessions::with(|_| {
        SessionManager::builder(CookieDriver, Secret::generate().unwrap())
            .cookie(CookieOptions::default().name("__Host-id"))
            .opening(Opening::Lazy)
    });
    let app = app(&sessions);
    let mut ada = sessions.guest();
    send(&app, &mut ada, "POST /login").await;
    assert!(ada.cookie().starts_with("__Host-id="), "{}", ada.cookie());
    assert_eq!(send(&app, &mut ada, "GET /").await, "ada Hi");
    sessions.advance(sessions.manager().lifetime());
    assert_eq!(send(&app, &mut ada, "GET /").await, "guest -");
}

#[tokio::test]
async fn a_handler_is_called_without_an_application() {
    let session = testing::session(|session| session.put("cart", 1));
    let redirect = login(session.clone().into()).await.unwrap();
    assert_eq!(redirect.into_response().status(), StatusCode::SEE_OTHER);
    let next = testing::next_request(&session);
    assert_eq!(page(next.clone().into()).await.unwrap(), "ada Hi");
    assert_eq!(next.get::<u32>("cart").unwrap(), Some(1));
    assert_eq!(next.id().unwrap(), session.id().unwrap());
}

#[tokio::test]
async fn a_handler_meets_a_store_that_is_down() {
    let error = login(testing::unavailable().into()).await.unwrap_err();
    assert_eq!(
        error.into_response().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
#[should_panic(expected = "the session was not saved")]
async fn a_test_whose_session_cannot_be_saved_ends_there() {
    let sessions = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock).with_capacity(0);
        SessionManager::builder(driver, Secret::generate().unwrap())
    });
    let _ = sessions.visitor(|session| session.put("cart", 1)).await;
}
