//! The session as a handler's argument.

mod common;

use axum::extract::{FromRequestParts, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use common::{Log, down, layer, memory, stored};
use serde_json::Value;
use session_axum::{
    CookieDriver, ErrorKind, MemoryDriver, OnOutage, Opening, Session, SessionRejection,
};

type Answer<T> = Result<T, SessionRejection>;

async fn visits(session: Session) -> Answer<String> {
    Ok(session.update("visits", 0, |n: u32| n + 1)?.to_string())
}

#[tokio::test]
async fn a_handler_takes_the_session_as_an_argument() {
    let (_, layer) = memory();
    let app = Router::new().route("/", get(visits)).layer(layer);
    let first = common::get(&app, "/", "").await;
    let second = common::get(&app, "/", &first.cookie()).await;
    assert_eq!((&*first.body, &*second.body), ("1", "2"));
}

#[tokio::test]
async fn a_handler_with_state_takes_it_as_well() {
    let (_, layer) = memory();
    let app = Router::new()
        .route("/", get(visits))
        .layer(layer)
        .with_state(7_u8);
    assert_eq!(common::get(&app, "/", "").await.body, "1");
}

#[tokio::test]
async fn two_arguments_are_one_session() {
    let (_, layer) = memory();
    let twice = |one: Session, other: Option<Session>| async move {
        one.put("a", 1)?;
        Ok::<_, SessionRejection>(other.expect("a layer").all().to_json())
    };
    let app = Router::new().route("/", get(twice)).layer(layer);
    assert_eq!(common::get(&app, "/", "").await.body, r#"{"a":1}"#);
}

/// The facade of this crate gives this crate's type.
#[tokio::test]
async fn code_far_from_the_handler_has_the_current_session() {
    fn far_away() -> Result<(), session_axum::Error> {
        Session::current()?.put("far", true)
    }
    let (_, layer) = memory();
    let handler = || async {
        far_away()?;
        let session: session_tower::Session = Session::try_current().expect("a layer").into();
        Ok::<_, SessionRejection>(Session::from(session).all().to_json())
    };
    let app = Router::new().route("/", get(handler)).layer(layer);
    assert_eq!(common::get(&app, "/", "").await.body, r#"{"far":true}"#);
    assert!(Session::try_current().is_none());
}

#[tokio::test]
async fn lazily_the_argument_opens_the_session() {
    let layer = layer(MemoryDriver::new(), |builder| {
        builder.opening(Opening::Lazy)
    });
    let handler = || async {
        let missing = Session::current().expect_err("nobody took it").kind();
        format!("{missing:?}")
    };
    let app = Router::new()
        .route("/", get(visits))
        .route("/without", get(handler))
        .layer(layer);
    assert_eq!(common::get(&app, "/without", "").await.body, "Missing");
    let first = common::get(&app, "/", "").await;
    assert_eq!(first.body, "1");
    assert_eq!(common::get(&app, "/", &first.cookie()).await.body, "2");
}

#[tokio::test]
async fn without_the_layer_a_request_is_500_and_the_log_names_the_fix() {
    let log = Log::capture();
    let app: Router = Router::new().route("/visits", get(visits));
    let answer = common::get(&app, "/visits", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Internal Server Error");
    let line = "ERROR session: no session layer around this route: \
                add `.layer(SessionLayer::new(manager))` after its `.route(…)`";
    assert_eq!(log.count(line), 1, "{}", log.text());
}

#[tokio::test]
async fn a_route_that_was_added_after_the_layer_is_outside_of_it() {
    let (_, layer) = memory();
    let app = Router::new().layer(layer).route("/", get(visits));
    assert_eq!(common::get(&app, "/", "").await.status, 500);
}

#[tokio::test]
async fn an_optional_session_is_none_without_the_layer_and_some_with_it() {
    let log = Log::capture();
    let has = |session: Option<Session>| async move { session.is_some().to_string() };
    let without: Router = Router::new().route("/", get(has));
    assert_eq!(common::get(&without, "/", "").await.body, "false");
    assert_eq!(log.text(), "", "it may be missing");
    let (_, layer) = memory();
    let with = Router::new().route("/", get(has)).layer(layer);
    assert_eq!(common::get(&with, "/", "").await.body, "true");
}

/// A store that is down is no missing layer.
#[tokio::test]
async fn an_optional_session_is_503_where_the_store_is_down() {
    let (layer, cookie) =
        down(|builder| builder.opening(Opening::Lazy).on_outage(OnOutage::Refuse));
    let app = Router::new()
        .route("/optional", get(async |_: Option<Session>| "served"))
        .route("/session", get(async |_: Session| "served"))
        .route("/none", get(async || "served"))
        .layer(layer);
    for path in ["/optional", "/session"] {
        let answer = common::get(&app, path, &cookie).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, "Service Unavailable");
    }
    assert_eq!(common::get(&app, "/none", &cookie).await.body, "served");
}

#[tokio::test]
async fn a_rejection_has_the_status_of_its_error_and_tells_the_client_no_internals() {
    let large = |session: Session| async move {
        session.put("a", "x".repeat(5000))?;
        Ok::<_, SessionRejection>(())
    };
    let decode = |session: Session| async move {
        session.put("a", "text")?;
        session.get::<u32>("a")?;
        Ok::<_, SessionRejection>(())
    };
    let app = Router::new()
        .route("/large", get(large))
        .route("/decode", get(decode))
        .layer(layer(CookieDriver, |builder| builder));
    let answer = common::get(&app, "/large", "").await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.starts_with("the session would take "));
    assert!(answer.body.ends_with(" bytes, the limit is 4096"));
    assert!(answer.set_cookies().is_empty());
    let log = Log::capture();
    let answer = common::get(&app, "/decode", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Internal Server Error");
    let line = r#"request failed error=the value of "a" is not of the requested type"#;
    assert_eq!(log.count(line), 1, "{}", log.text());
    assert_eq!(answer.set_cookies().len(), 1, "saved up to there");

    let (layer, cookie) = down(|builder| builder);
    let app = Router::new().route("/", get(visits)).layer(layer);
    let answer = common::get(&app, "/", &cookie).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "Service Unavailable");
}

#[tokio::test]
async fn a_rejection_keeps_its_error_and_the_errors_source() {
    let rejection = SessionRejection::from(session_axum::Error::unavailable("refused"));
    assert_eq!(rejection.error().kind(), ErrorKind::Unavailable);
    assert_eq!(rejection.to_string(), "the session store is unavailable");
    let source = std::error::Error::source(&rejection).expect("a source");
    assert_eq!(source.to_string(), "refused");
}

async fn mark(session: Session, request: Request, next: Next) -> Answer<Response> {
    session.put("marked", true)?;
    Ok(next.run(request).await)
}

async fn strict_json(_: Session, Json(body): Json<Value>) -> String {
    body.to_string()
}

/// The session was taken, changed and its flash aged; that a later argument is refused does not undo it.
#[tokio::test]
async fn a_later_argument_that_rejects_does_not_undo_the_session() {
    for opening in [Opening::Eager, Opening::Lazy] {
        let set = match opening {
            Opening::Eager => |builder: session_axum::Builder| builder,
            Opening::Lazy => |builder: session_axum::Builder| builder.opening(Opening::Lazy),
        };
        let layer = layer(MemoryDriver::new(), set);
        let flash =
            |session: Session| async move { session.flash("notice", 1).is_ok().to_string() };
        let app = Router::new()
            .route("/json", post(strict_json))
            .layer(middleware::from_fn(mark))
            .route("/flash", get(flash))
            .layer(layer.clone());
        let cookie = common::get(&app, "/flash", "").await.cookie();
        assert_eq!(stored(&layer, &cookie).await, r#"{} {"notice":1}"#);
        let answer = common::post(&app, "/json", &cookie, "not json").await;
        assert_eq!(answer.status, 415);
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!(stored(&layer, &cookie).await, r#"{"marked":true} {}"#);
    }
}

/// An argument before the session that rejects: lazily, the session was never opened.
#[tokio::test]
async fn lazily_an_earlier_argument_that_rejects_leaves_flash_alone() {
    struct Refuses;
    impl<S: Sync> FromRequestParts<S> for Refuses {
        type Rejection = axum::http::StatusCode;

        async fn from_request_parts(
            _: &mut axum::http::request::Parts,
            _: &S,
        ) -> Result<Self, Self::Rejection> {
            Err(axum::http::StatusCode::FORBIDDEN)
        }
    }
    let layer = layer(MemoryDriver::new(), |builder| {
        builder.opening(Opening::Lazy)
    });
    let flash = |session: Session| async move { session.flash("notice", 1).is_ok().to_string() };
    let app = Router::new()
        .route("/flash", get(flash))
        .route("/refused", get(async |_: Refuses, _: Session| ()))
        .layer(layer.clone());
    let cookie = common::get(&app, "/flash", "").await.cookie();
    let answer = common::get(&app, "/refused", &cookie).await;
    assert_eq!(answer.status, 403);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(stored(&layer, &cookie).await, r#"{} {"notice":1}"#);
}

#[tokio::test]
async fn in_a_nested_router_the_log_names_the_fix_and_no_misleading_path() {
    let log = Log::capture();
    let api: Router = Router::new().route("/visits", get(visits));
    let app = Router::new().nest("/api", api);
    assert_eq!(common::get(&app, "/api/visits", "").await.status, 500);
    assert_eq!(
        log.count("no session layer around this route"),
        1,
        "{}",
        log.text()
    );
    assert_eq!(log.count("path="), 0, "{}", log.text());
}
