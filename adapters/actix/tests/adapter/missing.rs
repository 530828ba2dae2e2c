//! A handler that takes a session on a route without the middleware.

use actix_web::App;
use actix_web::test::init_service;
use actix_web::web::{self, get};
use session_actix::testing::TestSessions;
use session_actix::{Session, SessionError, Sessions};
use test_support::Log;

use crate::common::{count, get as get_page, has_session, memory};

/// Calls a route outside the middleware, and asserts that the log and the response name it and the
/// fix.
async fn assert_explained(path: &str) {
    async fn end(sessions: Sessions) -> String {
        sessions.cookie_name().to_owned()
    }
    let (_, middleware) = memory();
    let inside = web::scope("/in")
        .wrap(middleware)
        .route("/visits", get().to(count));
    let nested = web::scope("/visits").route("", get().to(count));
    let app = App::new()
        .service(inside)
        .service(web::scope("/api").service(nested))
        .route("/visits", get().to(count))
        .route("/manager", get().to(end))
        .default_service(get().to(count));
    let app = init_service(app).await;
    let log = Log::capture();
    let answer = get_page(&app, &mut TestSessions::new().guest(), path).await;
    assert_eq!(answer.status, 500);
    let explanation =
        format!("GET {path} has no session: add `.wrap(SessionMiddleware::new(manager))`");
    assert_eq!(log.count(&explanation), 1, "{}", log.text());
    let is_explained = answer.body.starts_with(&explanation);
    assert_eq!(is_explained, cfg!(debug_assertions), "{}", answer.body);
}

#[actix_web::test]
async fn a_route_without_the_middleware_is_named_with_the_fix() {
    assert_explained("/visits").await;
}

#[actix_web::test]
async fn a_nested_route_is_named_with_its_whole_path() {
    assert_explained("/api/visits").await;
}

#[actix_web::test]
async fn a_fallback_outside_the_middleware_is_named_with_the_fix() {
    assert_explained("/nothing").await;
}

#[actix_web::test]
async fn a_handler_that_takes_the_manager_is_named_with_the_fix() {
    assert_explained("/manager").await;
}

#[actix_web::test]
async fn an_optional_session_may_be_missing() {
    let (sessions, middleware) = memory();
    let inside = web::resource("/in")
        .wrap(middleware)
        .route(get().to(has_session));
    let app = App::new()
        .service(inside)
        .route("/out", get().to(has_session));
    let app = init_service(app).await;
    let log = Log::capture();
    assert_eq!(
        get_page(&app, &mut sessions.guest(), "/out").await.body,
        "false"
    );
    assert_eq!(log.count("session"), 0, "{}", log.text());
    assert_eq!(
        get_page(&app, &mut sessions.guest(), "/in").await.body,
        "true"
    );
}

/// The handler deals with the failure, so it is not logged.
#[actix_web::test]
async fn a_handled_failure_is_not_logged() {
    async fn failing(session: Result<Session, SessionError>) -> String {
        format!("{:?}", session.unwrap_err().error().kind())
    }
    let app = init_service(App::new().route("/", get().to(failing))).await;
    let log = Log::capture();
    let answer = get_page(&app, &mut TestSessions::new().guest(), "/").await;
    assert_eq!(answer.body, "Missing");
    assert_eq!(log.count("ERROR"), 0, "{}", log.text());
}
