//! A handler that takes a session on a route without the layer.

use axum::Router;
use axum::routing::get;
use session_axum::Session;
use test_support::Log;

use crate::common::{count, has_session, memory, send_once};

/// Sends the request, and asserts that the log and the response name this route and the fix.
async fn assert_explained(app: &Router, request: &str) {
    let log = Log::capture();
    let answer = send_once(app, request).await;
    assert_eq!(answer.status, 500);
    let explanation =
        format!("{request} has no session: add `.layer(SessionLayer::new(manager))` to the router");
    assert_eq!(log.count(&explanation), 1, "{}", log.text());
    let is_explained = answer.body.starts_with(&explanation);
    assert_eq!(is_explained, cfg!(debug_assertions), "{}", answer.body);
}

#[tokio::test]
async fn a_route_without_the_layer_is_named_with_the_fix() {
    let app: Router = Router::new().route("/visits", get(count));
    assert_explained(&app, "GET /visits").await;
}

#[tokio::test]
async fn a_nested_route_is_named_with_its_whole_path() {
    let api: Router = Router::new().route("/visits", get(count));
    assert_explained(&Router::new().nest("/api", api), "GET /api/visits").await;
}

#[tokio::test]
async fn a_fallback_outside_a_route_layer_is_named_with_the_fix() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/", get(count))
        .route_layer(layer)
        .fallback(count);
    assert_explained(&app, "GET /nothing").await;
}

#[tokio::test]
async fn an_optional_session_may_be_missing() {
    let log = Log::capture();
    let app: Router = Router::new().route("/", get(has_session));
    assert_eq!(send_once(&app, "GET /").await.body, "false");
    assert_eq!(log.text(), "");
}

/// The handler deals with the failure, so it is not logged.
#[tokio::test]
async fn a_handled_rejection_is_not_logged() {
    let log = Log::capture();
    let handler = async |session: Result<Session, session_axum::SessionRejection>| {
        session.unwrap_err().error().kind() == session_axum::ErrorKind::Missing
    };
    let handler = get(async move |session| handler(session).await.to_string());
    let app: Router = Router::new().route("/", handler);
    assert_eq!(send_once(&app, "GET /").await.body, "true");
    assert_eq!(log.text(), "");
}
