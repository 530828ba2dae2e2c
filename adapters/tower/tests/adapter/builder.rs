//! From settings to a layer.

use http::header::SET_COOKIE;
use http::{Request, Response};
use session_tower::{ConfigError, Error, ResponseBody, Session};
use session_tower::{SessionConfig, SessionLayer, SessionManager};
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{cookie, request, values};

fn config(vars: &[(&str, &str)]) -> Result<SessionConfig, ConfigError> {
    SessionConfig::from_vars(|name| {
        let found = vars.iter().find(|(key, _)| *key == name);
        let secret = "0123456789abcdef0123456789abcdef";
        found.map_or((name == "SESSION_SECRET").then_some(secret), |found| {
            Some(found.1)
        })
    })
}

async fn manager(vars: &[(&str, &str)]) -> Result<SessionManager, ConfigError> {
    session_tower::builder(&config(vars)?).await?.build()
}

async fn put_user(manager: &SessionManager, cookie: &str) -> Response<ResponseBody<String>> {
    let layer = SessionLayer::new(manager.clone());
    let service = layer.layer(service_fn(|_: Request<String>| async {
        let session = Session::current()?;
        let was_new = session.is_new();
        session.put("user", 42)?;
        let mut response = Response::new(String::new());
        response.extensions_mut().insert(was_new);
        Ok::<_, Error>(response)
    }));
    service.oneshot(request(cookie)).await.unwrap()
}

#[tokio::test]
async fn the_cookie_driver_is_the_default() {
    for vars in [&[][..], &[("SESSION_DRIVER", "cookie")]] {
        let manager = manager(vars).await.unwrap();
        assert!(!manager.can_revoke());
        let response = put_user(&manager, "").await;
        assert!(cookie(&response).len() > 100, "the record is in the cookie");
    }
}

/// An application builds one manager and clones it.
#[tokio::test]
async fn each_memory_manager_has_its_own_store() {
    let vars = [("SESSION_DRIVER", "memory")];
    let (one, other) = (manager(&vars).await.unwrap(), manager(&vars).await.unwrap());
    assert!(one.can_revoke());
    let response = put_user(&one, "").await;
    let response = put_user(&other, &cookie(&response)).await;
    assert_eq!(response.extensions().get(), Some(&true));
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_database_keeps_sessions_from_one_manager_to_the_next() {
    let name = format!("session-tower-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}/sessions.db", folder.display());
    let vars = [("SESSION_DRIVER", "sqlite"), ("DATABASE_URL", &*url)];
    let response = put_user(&manager(&vars).await.unwrap(), "").await;
    let response = put_user(&manager(&vars).await.unwrap(), &cookie(&response)).await;
    assert_eq!(response.extensions().get(), Some(&false));

    let error = manager(&[("SESSION_DRIVER", "sqlite")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "DATABASE_URL: is not set; set it, in the form sqlite:path/to/sessions.db"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_driver_without_its_feature_is_named_with_the_fix() {
    let error = manager(&[("SESSION_DRIVER", "redis")]).await.unwrap_err();
    assert_eq!(error.setting(), "SESSION_DRIVER");
    assert_eq!(
        error.to_string(),
        "SESSION_DRIVER: the redis driver is not built in; \
         enable the feature `redis` of your adapter, such as session-axum, or choose another driver"
    );
}

#[cfg(not(feature = "encryption"))]
#[tokio::test]
async fn s38_encryption_without_its_feature_is_a_start_up_error_with_the_fix() {
    for driver in ["cookie", "memory"] {
        let vars = [("SESSION_DRIVER", driver), ("SESSION_ENCRYPT", "true")];
        let error = manager(&vars).await.unwrap_err();
        assert_eq!(error.setting(), "SESSION_ENCRYPT");
        assert_eq!(
            error.to_string(),
            "SESSION_ENCRYPT: encryption is not built in; \
             enable the feature `encryption` of your adapter, such as session-axum, or turn it off"
        );
    }
}

#[cfg(feature = "encryption")]
#[tokio::test]
async fn s38_encryption_is_turned_on_by_a_setting() {
    let of = async |driver, encrypt| {
        let vars = [("SESSION_DRIVER", driver), ("SESSION_ENCRYPT", encrypt)];
        manager(&vars).await.unwrap()
    };
    let (encrypted, plain) = (of("cookie", "true").await, of("cookie", "false").await);
    assert!(encrypted.is_sealed() && !plain.is_sealed());
    let response = put_user(&encrypted, "").await;
    assert!(cookie(&response).contains("=v1."), "{}", cookie(&response));
    let again = put_user(&encrypted, &cookie(&response)).await;
    assert_eq!(again.extensions().get(), Some(&false));
    let elsewhere = put_user(&plain, &cookie(&response)).await;
    assert_eq!(elsewhere.extensions().get(), Some(&true));
    assert!(of("memory", "true").await.is_sealed());
    assert!(!of("memory", "false").await.is_sealed());
}

#[cfg(feature = "encryption")]
#[tokio::test]
async fn plain_sessions_are_accepted_while_encryption_is_turned_on() {
    let plain = manager(&[]).await.unwrap();
    let accepting = manager(&[
        ("SESSION_ENCRYPT", "true"),
        ("SESSION_PLAIN_RECORDS", "accept"),
    ]);
    let accepting = accepting.await.unwrap();
    let old = cookie(&put_user(&plain, "").await);
    let response = put_user(&accepting, &old).await;
    assert_eq!(response.extensions().get(), Some(&false));
    assert!(cookie(&response).contains("=v1."));
}

#[cfg(feature = "encryption")]
#[tokio::test]
async fn padding_is_a_setting() {
    let json = r#"{"secret":"0123456789abcdef0123456789abcdef","encrypt":true,"pad_cookie":true}"#;
    let config: SessionConfig = serde_json::from_str(json).unwrap();
    let builder = session_tower::builder(&config).await.unwrap();
    let response = put_user(&builder.build().unwrap(), "").await;
    let cookie = cookie(&response);
    let (sealed, _) = cookie.rsplit_once('.').unwrap();
    assert_eq!((sealed.len() - "session=v1.".len()) % 64, 0);
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn an_unreachable_redis_is_a_start_up_error() {
    let vars = [
        ("SESSION_DRIVER", "redis"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
    ];
    let error = manager(&vars).await.unwrap_err();
    assert_eq!(error.setting(), "REDIS_URL");
}

/// In the settings themselves, and in the manager that is built from them.
#[tokio::test]
async fn an_invalid_setting_is_a_start_up_error() {
    for (name, value) in [
        ("SESSION_DRIVER", "nonsense"),
        ("SESSION_SECRET", "short"),
        ("SESSION_PATH", "app"),
        ("SESSION_LIFETIME", "0"),
    ] {
        let error = manager(&[(name, value)]).await.unwrap_err();
        assert_eq!(error.setting(), name);
    }
}

#[tokio::test]
async fn a_layer_follows_its_settings() {
    let config = config(&[("SESSION_LIFETIME", "30"), ("SESSION_COOKIE", "sid")]).unwrap();
    let layer = SessionLayer::from_config(&config).await.unwrap();
    assert_eq!(layer.manager().lifetime().as_secs(), 30 * 60);
    let response = put_user(layer.manager(), "").await;
    let line = values(&response, SET_COOKIE)[0];
    assert!(line.starts_with("sid="), "{line}");
    assert!(line.ends_with("; Max-Age=1800"), "{line}");
}
