//! From a configuration to a layer.

mod common;

use common::{SECRET, cookie, request, visit};
use http::{Request, Response};
use session_tower::{ConfigError, Error, Session, SessionConfig, SessionLayer, SessionManager};
use tower::{Layer, ServiceExt, service_fn};

async fn connect(vars: &[(&str, &str)]) -> Result<SessionManager, ConfigError> {
    let config = SessionConfig::from_vars(|name| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found
            .map(|(_, value)| *value)
            .or((name == "SESSION_SECRET").then_some(SECRET))
    })?;
    session_tower::connect(&config).await?.build()
}

#[tokio::test]
async fn the_cookie_driver_is_the_default_and_can_be_named() {
    for vars in [&[][..], &[("SESSION_DRIVER", "cookie")]] {
        let manager = connect(vars).await.unwrap();
        assert!(!manager.can_revoke());
        let response = visit(&manager, &[], |session| session.put("user", 42).unwrap()).await;
        assert!(cookie(&response).len() > 100, "the record is in the cookie");
    }
}

#[tokio::test]
async fn the_memory_driver_can_be_named() {
    let manager = connect(&[("SESSION_DRIVER", "memory")]).await.unwrap();
    assert!(manager.can_revoke());
}

/// Each call makes a store of its own: an application connects once and clones the manager.
#[tokio::test]
async fn every_connection_to_memory_is_another_store() {
    let vars = [("SESSION_DRIVER", "memory")];
    let (one, other) = (connect(&vars).await.unwrap(), connect(&vars).await.unwrap());
    let response = visit(&one, &[], |session| session.put("user", 42).unwrap()).await;
    visit(&other, &[&cookie(&response)], |session| {
        assert!(session.is_new());
    })
    .await;
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_driver_that_is_not_built_in_is_named_with_the_remedy() {
    let error = connect(&[("SESSION_DRIVER", "redis")]).await.unwrap_err();
    assert_eq!(error.setting(), "SESSION_DRIVER");
    assert_eq!(
        error.to_string(),
        "SESSION_DRIVER: the driver redis is not built in; \
         turn on the feature `redis` of session-axum, or of your framework's crate, or choose another driver"
    );
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_that_cannot_be_reached_is_found_at_start_up() {
    let vars = [
        ("SESSION_DRIVER", "redis"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
    ];
    let error = connect(&vars).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "REDIS_URL: leads to no server that answers; check the host, the port and that Redis runs"
    );
}

#[tokio::test]
async fn an_impossible_setting_is_found_before_the_first_request() {
    for (name, value, message) in [
        (
            "SESSION_DRIVER",
            "nonsense",
            "SESSION_DRIVER: \"nonsense\" is not possible; use cookie, memory or redis",
        ),
        (
            "SESSION_SECRET",
            "short",
            "SESSION_SECRET: has 5 bytes, at least 32 are needed; generate one with `openssl rand -base64 32`",
        ),
        (
            "SESSION_PATH",
            "app",
            "SESSION_PATH: \"app\" does not start with '/'; use a path such as \"/\" (RFC 6265, path-value)",
        ),
        (
            "SESSION_LIFETIME",
            "0",
            "SESSION_LIFETIME: \"0\" is not possible; use a whole number of minutes, at least 1",
        ),
    ] {
        let error = connect(&[(name, value)]).await.unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn a_layer_is_made_of_settings_in_one_step() {
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "SESSION_LIFETIME" => Some("30"),
        "SESSION_COOKIE" => Some("sid"),
        _ => None,
    })
    .unwrap();
    let layer = SessionLayer::from_config(&config).await.unwrap();
    assert_eq!(layer.manager().lifetime().as_secs(), 30 * 60);
    let service = layer.layer(service_fn(|_: Request<String>| async {
        Session::current()?.put("user", 42)?;
        Ok::<_, Error>(Response::new(String::new()))
    }));
    let response = service.oneshot(request(&[])).await.unwrap();
    let line = common::values(&response, http::header::SET_COOKIE)[0];
    assert!(line.starts_with("sid="), "{line}");
    assert!(line.ends_with("; Max-Age=1800"), "{line}");
}
