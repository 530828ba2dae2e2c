//! An application's own tests with the `testing` feature, with and without requests.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use session_axum::testing::{self, TestSessions};
use session_axum::{
    CookieDriver, CookieOptions, MemoryDriver, Opening, Secret, Session, SessionLayer,
    SessionManager, SessionRejection,
};

use crate::common::send;

async fn login(session: Session) -> Result<Redirect, SessionRejection> {
    session.regenerate()?;
    session.put("user", "ada")?;
    session.flash("notice", "Hi")?;
    Ok(Redirect::to("/"))
}

async fn page(session: Session) -> Result<String, SessionRejection> {
    let user = session.get_or("user", "guest".to_owned())?;
    let notice = session.get_flash_or("notice", "-".to_owned())?;
    Ok(format!("{user} {notice}"))
}

fn app(sessions: &TestSessions) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/login", post(login))
        .layer(SessionLayer::new(sessions.manager()))
}

#[tokio::test]
async fn a_visitor_behaves_like_a_browser() {
    let sessions = TestSessions::new();
    let app = app(&sessions);
    let mut ada = sessions.guest();
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "guest -");
    assert_eq!(ada.token(), None, "a read creates no cookie");
    send(&app, &mut ada, "POST /login").await;
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "ada Hi");
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "ada -");
    sessions.advance(sessions.manager().lifetime());
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "guest -");
}

#[tokio::test]
async fn a_cookie_copied_before_the_login_remains_a_guests() {
    let sessions = TestSessions::new();
    let app = app(&sessions);
    let mut ada = sessions.visitor(|session| session.put("cart", 1)).await;
    let mut thief = ada.clone();
    send(&app, &mut ada, "POST /login").await;
    assert_eq!(send(&app, &mut thief, "GET /").await.body, "guest -");
    let session = ada.session().await;
    assert_eq!(session.get::<u32>("cart").unwrap(), Some(1));
}

#[tokio::test]
async fn visitors_work_with_the_cookie_driver_and_another_name() {
    let sessions = TestSessions::with(|_| {
        SessionManager::builder(CookieDriver, Secret::generate().unwrap())
            .cookie(CookieOptions::default().name("__Host-id"))
            .opening(Opening::Lazy)
    });
    let app = app(&sessions);
    let mut ada = sessions.guest();
    send(&app, &mut ada, "POST /login").await;
    assert!(ada.cookie().starts_with("__Host-id="), "{}", ada.cookie());
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "ada Hi");
    sessions.advance(sessions.manager().lifetime());
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "guest -");
}

#[tokio::test]
async fn a_handler_can_be_called_as_a_function() {
    let session = testing::session(|session| session.put("cart", 1));
    let redirect = login(session.clone().into()).await.unwrap();
    assert_eq!(redirect.into_response().status(), StatusCode::SEE_OTHER);
    let next = testing::next_request(&session);
    assert_eq!(page(next.clone().into()).await.unwrap(), "ada Hi");
    assert_eq!(next.get::<u32>("cart").unwrap(), Some(1));
    assert_eq!(next.id().unwrap(), session.id().unwrap());
}

#[tokio::test]
async fn a_handler_can_be_tested_with_a_store_that_is_down() {
    let error = login(testing::unavailable().into()).await.unwrap_err();
    let status = error.into_response().status();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
#[should_panic(expected = "the session was not saved")]
async fn a_visitor_that_cannot_be_saved_fails_the_test() {
    let sessions = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock).with_capacity(0);
        SessionManager::builder(driver, Secret::generate().unwrap())
    });
    let _ = sessions.visitor(|session| session.put("cart", 1)).await;
}
