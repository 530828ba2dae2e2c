//! The layer around whole routers, nested ones, single routes and fallbacks.

mod common;

use axum::Router;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use common::{Log, memory, stored};
use session_axum::{Session, SessionRejection};

async fn count(session: Session) -> Result<String, SessionRejection> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

async fn has(session: Option<Session>) -> String {
    session.is_some().to_string()
}

async fn missing(session: Session) -> Result<(StatusCode, String), SessionRejection> {
    Ok((StatusCode::NOT_FOUND, count(session).await?))
}

#[tokio::test]
async fn a_layer_around_a_router_covers_what_is_nested_and_merged_in_it() {
    let (_, layer) = memory();
    let deep = Router::new().route("/count", get(count));
    let app = Router::new()
        .nest("/a", Router::new().nest("/b", deep.clone()))
        .merge(deep)
        .route("/any", any(count))
        .layer(layer);
    let mut cookie = String::new();
    for (n, path) in ["/count", "/a/b/count", "/any"].into_iter().enumerate() {
        let answer = common::get(&app, path, &cookie).await;
        assert_eq!(answer.body, (n + 1).to_string(), "{path}");
        cookie = answer.cookie();
    }
}

#[tokio::test]
async fn a_nested_router_may_have_the_layer_for_itself() {
    let (_, layer) = memory();
    let web = Router::new().route("/has", get(has)).layer(layer);
    let app = Router::new().nest("/web", web).route("/has", get(has));
    assert_eq!(common::get(&app, "/web/has", "").await.body, "true");
    assert_eq!(common::get(&app, "/has", "").await.body, "false");
}

#[tokio::test]
async fn pages_may_have_sessions_and_an_api_beside_them_none() {
    let (_, layer) = memory();
    let web = Router::new().route("/", get(count)).layer(layer.clone());
    let api = Router::new().route("/has", get(has));
    let app = Router::new().merge(web).nest("/api", api);
    let cookie = common::get(&app, "/", "").await.cookie();
    let answer = common::get(&app, "/api/has", &cookie).await;
    assert_eq!(answer.body, "false");
    assert!(!answer.headers.contains_key("vary"));
    assert_eq!(stored(&layer, &cookie).await, r#"{"n":1} {}"#);
}

#[tokio::test]
async fn a_single_handler_may_have_the_layer() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/handler", get(has.layer(layer.clone())))
        .route("/method", get(has).layer(layer).post(has))
        .route("/none", get(has));
    assert_eq!(common::get(&app, "/handler", "").await.body, "true");
    assert_eq!(common::get(&app, "/method", "").await.body, "true");
    assert_eq!(common::post(&app, "/method", "", "").await.body, "false");
    assert_eq!(common::get(&app, "/none", "").await.body, "false");
}

/// Both have a layer of the same manager: the outer one counts, whatever the order of building.
#[tokio::test]
async fn layers_around_a_router_and_around_its_route_are_one() {
    let log = Log::capture();
    let (driver, layer) = memory();
    let inner = Router::new().route("/", get(count)).layer(layer.clone());
    let app = Router::new().nest("/in", inner).layer(layer);
    let answer = common::get(&app, "/in", "").await;
    assert_eq!(answer.body, "1");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(driver.len(), 1);
    let warning = "WARN session: session layer inside another: the inner one does nothing";
    common::get(&app, "/in", "").await;
    assert_eq!(log.count(warning), 1, "{}", log.text());
}

#[tokio::test]
async fn a_fallback_has_a_session_under_the_layer() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/", get(count))
        .fallback(missing)
        .layer(layer);
    let cookie = common::get(&app, "/", "").await.cookie();
    let answer = common::get(&app, "/nothing", &cookie).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (404, "2"));
    assert_eq!(answer.set_cookies().len(), 1);
}

#[tokio::test]
async fn a_route_layer_leaves_the_fallback_alone() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/has", get(has))
        .route_layer(layer)
        .fallback(has);
    assert_eq!(common::get(&app, "/has", "").await.body, "true");
    assert_eq!(common::get(&app, "/nothing", "").await.body, "false");
}

/// Flash is for the next page: an address that does not exist should not use it up.
#[tokio::test]
async fn under_a_route_layer_a_404_ages_no_flash() {
    let flash = async |session: Session| session.flash("notice", 1).is_ok().to_string();
    let (_, layer) = memory();
    let app = Router::new()
        .route("/flash", get(flash))
        .route_layer(layer.clone());
    let cookie = common::get(&app, "/flash", "").await.cookie();
    assert_eq!(common::get(&app, "/favicon.ico", &cookie).await.status, 404);
    assert_eq!(stored(&layer, &cookie).await, r#"{} {"notice":1}"#);
}

#[tokio::test]
async fn a_method_that_is_not_allowed_passes_through_the_layer_untouched() {
    let (driver, layer) = memory();
    let app = Router::new().route("/", post(count)).layer(layer);
    let answer = common::get(&app, "/", "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "POST");
    assert!(answer.set_cookies().is_empty());
    assert!(driver.is_empty());
}

#[tokio::test]
async fn a_fallback_for_methods_has_a_session() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/", post(count))
        .method_not_allowed_fallback(missing)
        .layer(layer);
    let answer = common::get(&app, "/", "").await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (404, "1"));
    assert_eq!(answer.set_cookies().len(), 1);
}
