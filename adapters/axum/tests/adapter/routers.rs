//! The layer around routers, nested routers, single routes, and fallbacks.

use axum::Router;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use session_axum::{Session, SessionRejection};

use crate::common::{count, has_session, memory, send, send_once};

async fn not_found(session: Session) -> Result<(StatusCode, String), SessionRejection> {
    Ok((StatusCode::NOT_FOUND, count(session).await?))
}

#[tokio::test]
async fn a_layer_covers_nested_and_merged_routers() {
    let (sessions, layer) = memory();
    let deep = Router::new().route("/count", get(count));
    let app = Router::new()
        .nest("/a", Router::new().nest("/b", deep.clone()))
        .merge(deep)
        .route("/any", any(count))
        .layer(layer);
    let mut ada = sessions.guest();
    for (path, n) in [("/count", "1"), ("/a/b/count", "2"), ("/any", "3")] {
        let answer = send(&app, &mut ada, &format!("GET {path}")).await;
        assert_eq!(answer.body, n, "{path}");
    }
}

#[tokio::test]
async fn a_nested_router_can_have_its_own_layer() {
    let (_, layer) = memory();
    let web = Router::new().route("/has", get(has_session)).layer(layer);
    let app = Router::new()
        .nest("/web", web)
        .route("/has", get(has_session));
    assert_eq!(send_once(&app, "GET /web/has").await.body, "true");
    assert_eq!(send_once(&app, "GET /has").await.body, "false");
}

#[tokio::test]
async fn a_single_handler_or_method_can_have_the_layer() {
    let (_, layer) = memory();
    let method = get(has_session).layer(layer.clone()).post(has_session);
    let app = Router::new()
        .route("/handler", get(has_session.layer(layer)))
        .route("/method", method)
        .route("/none", get(has_session));
    for (request, has) in [
        ("GET /handler", "true"),
        ("GET /method", "true"),
        ("POST /method", "false"),
        ("GET /none", "false"),
    ] {
        assert_eq!(send_once(&app, request).await.body, has, "{request}");
    }
}

#[tokio::test]
async fn a_layer_covers_the_fallback() {
    let (sessions, layer) = memory();
    let app = Router::new()
        .route("/", get(count))
        .fallback(not_found)
        .layer(layer);
    let mut ada = sessions.guest();
    send(&app, &mut ada, "GET /").await;
    let answer = send(&app, &mut ada, "GET /nothing").await;
    assert_eq!((answer.status, &*answer.body), (404, "2"));
}

#[tokio::test]
async fn a_route_layer_does_not_cover_the_fallback() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/has", get(has_session))
        .route_layer(layer)
        .fallback(has_session);
    assert_eq!(send_once(&app, "GET /has").await.body, "true");
    assert_eq!(send_once(&app, "GET /nothing").await.body, "false");
}

/// Flash is for the next page, not for a path that does not exist.
#[tokio::test]
async fn a_404_outside_a_route_layer_keeps_flash() {
    let (sessions, layer) = memory();
    let app = Router::new().route("/", get(count)).route_layer(layer);
    let mut ada = sessions.visitor(|session| session.flash("notice", 1)).await;
    let answer = send(&app, &mut ada, "GET /favicon.ico").await;
    assert_eq!(answer.status, 404);
    let session = ada.session().await;
    assert_eq!(session.get_flash::<u32>("notice").unwrap(), Some(1));
}

#[tokio::test]
async fn a_fallback_for_methods_has_a_session() {
    let (sessions, layer) = memory();
    let app = Router::new()
        .route("/", post(count))
        .method_not_allowed_fallback(not_found)
        .layer(layer);
    let answer = send(&app, &mut sessions.guest(), "GET /").await;
    assert_eq!((answer.status, &*answer.body), (404, "1"));
    assert!(answer.headers.contains_key("set-cookie"));
}
