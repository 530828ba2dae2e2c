//! A service's own sessions: what the playground stores in Redis and sends to a browser.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request, Response};
use session_axum::{SessionConfig, SessionLayer};
use test_support::RedisServer;
use tower::ServiceExt as _;

use crate::run::{SECRET, Tool, block_on, tool};

/// The playground on a Redis.
async fn app(server: &RedisServer) -> Router {
    let url = server.url();
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "SESSION_DRIVER" => Some("redis"),
        "REDIS_URL" => Some(&url),
        _ => None,
    })
    .unwrap();
    let layer = SessionLayer::from_config(&config).await.unwrap();
    axum_playground::app(layer, config.driver())
}

async fn ask(app: &Router, method: &str, path: &str, cookie: &str, body: &str) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(COOKIE, cookie)
        .body(Body::from(body.to_owned()));
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
    response
}

/// The session as the playground sees it.
async fn seen(app: &Router, cookie: &str) -> serde_json::Value {
    let response = ask(app, "GET", "/api/session", cookie, "").await;
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_session_of_the_playground_is_inspected_shown_and_revoked() {
    let server = RedisServer::start();
    let with = |arguments: &[&str]| -> Tool { tool(arguments).redis(&server.url()) };
    block_on(async {
        let app = app(&server).await;
        let response = ask(&app, "PUT", "/api/session/name", "", "\"Ada\"").await;
        let line = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let cookie = line.split(';').next().unwrap();
        ask(&app, "PUT", "/api/flash/notice", cookie, "\"Hi\"").await;

        let json = with(&["inspect", "--json", "--full-id", &line])
            .run()
            .json();
        assert_eq!(
            (&json["valid"], &json["driver"]),
            (&true.into(), &"redis".into())
        );
        assert_eq!(
            (&json["data"]["name"], &json["flash"]["notice"]),
            (&"Ada".into(), &"Hi".into())
        );
        let id = json["id"].as_str().unwrap();
        let shown = with(&["show", "--json", id]).run().json();
        assert_eq!(shown["data"]["name"], "Ada");
        assert_eq!(
            seen(&app, cookie).await["new"],
            false,
            "looking changed nothing"
        );

        assert_eq!(with(&["revoke", id]).run().code, 0);
        assert_eq!(with(&["inspect", cookie]).run().code, 1);
        let seen = seen(&app, cookie).await;
        assert_eq!(
            (&seen["new"], &seen["data"]),
            (&true.into(), &serde_json::json!({}))
        );
        assert_ne!(seen["id"], id);
    });
}

#[test]
fn the_playground_takes_a_cookie_that_was_signed_for_it() {
    let server = RedisServer::start();
    let data = r#"{"name":"Grace","visits":7}"#;
    let line = tool(&["sign", data, "--set-cookie"])
        .redis(&server.url())
        .run()
        .out;
    let cookie = line
        .strip_prefix("Set-Cookie: ")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    block_on(async {
        let seen = seen(&app(&server).await, cookie).await;
        assert_eq!(seen["new"], false);
        assert_eq!(
            (&seen["data"]["name"], &seen["data"]["visits"]),
            (&"Grace".into(), &7.into())
        );
    });
}
