//! The session as a handler's argument.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use session_axum::testing::TestSessions;
use session_axum::{
    ErrorKind, MemoryDriver, OnOutage, Opening, Secret, Session, SessionLayer, SessionManager,
    SessionRejection,
};
use test_support::Log;
use test_support::probe::Probe;

use crate::common::{count, has_session, memory, send};

#[tokio::test]
async fn a_handler_with_state_can_take_it() {
    let (sessions, layer) = memory();
    let app = Router::new()
        .route("/", get(count))
        .layer(layer)
        .with_state(7_u8);
    assert_eq!(send(&app, &mut sessions.guest(), "GET /").await.body, "1");
}

#[tokio::test]
async fn the_facade_gives_this_crates_type() {
    fn far_away() -> Result<(), session_axum::Error> {
        Session::current()?.put("far", true)
    }
    let handler = async || {
        far_away()?;
        let session: session_tower::Session = Session::try_current().unwrap().into();
        Ok::<_, SessionRejection>(Session::from(session).all().to_json())
    };
    let (sessions, layer) = memory();
    let app = Router::new().route("/", get(handler)).layer(layer);
    let answer = send(&app, &mut sessions.guest(), "GET /").await;
    assert_eq!(answer.body, r#"{"far":true}"#);
    assert!(Session::try_current().is_none());
}

/// An outage is not a missing layer.
#[tokio::test]
async fn an_optional_session_is_503_while_the_store_is_down() {
    let probe = Arc::new(Probe::new(MemoryDriver::new()));
    let driver = probe.clone();
    let sessions = TestSessions::with(|_| {
        SessionManager::builder(driver, Secret::generate().unwrap())
            .opening(Opening::Lazy)
            .on_outage(OnOutage::Refuse)
    });
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    let app = Router::new()
        .route("/optional", get(has_session))
        .route("/session", get(count))
        .route("/none", get(async || "served"))
        .layer(SessionLayer::new(sessions.manager()));
    probe.break_loads(true);
    for request in ["GET /optional", "GET /session"] {
        let answer = send(&app, &mut ada, request).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, "Service Unavailable");
    }
    assert_eq!(send(&app, &mut ada, "GET /none").await.body, "served");
}

#[tokio::test]
async fn the_log_has_what_a_500_hides() {
    let handler = async |session: Session| {
        session.put("a", "text")?;
        session.get::<u32>("a")?;
        Ok::<_, SessionRejection>(())
    };
    let (sessions, layer) = memory();
    let app = Router::new().route("/", get(handler)).layer(layer);
    let log = Log::capture();
    let answer = send(&app, &mut sessions.guest(), "GET /").await;
    assert_eq!(answer.body, "Internal Server Error");
    assert_eq!(
        log.count("request failed error=the value of \"a\""),
        1,
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn a_rejection_keeps_its_error_and_the_errors_source() {
    let rejection = SessionRejection::from(session_axum::Error::unavailable("refused"));
    assert_eq!(rejection.error().kind(), ErrorKind::Unavailable);
    assert_eq!(rejection.to_string(), rejection.error().to_string());
    let source = std::error::Error::source(&rejection).unwrap();
    assert_eq!(source.to_string(), "refused");
}

/// The session was never opened.
#[tokio::test]
async fn an_earlier_rejection_keeps_lazy_flash() {
    struct Refuses;
    impl<S: Sync> FromRequestParts<S> for Refuses {
        type Rejection = StatusCode;

        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
            Err(StatusCode::FORBIDDEN)
        }
    }
    let sessions = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock);
        SessionManager::builder(driver, Secret::generate().unwrap()).opening(Opening::Lazy)
    });
    let app = Router::new()
        .route("/", get(async |_: Refuses, _: Session| ()))
        .layer(SessionLayer::new(sessions.manager()));
    let mut ada = sessions.visitor(|session| session.flash("notice", 1)).await;
    let answer = send(&app, &mut ada, "GET /").await;
    assert_eq!(answer.status, 403);
    assert!(answer.headers.get("set-cookie").is_none());
    let session = ada.session().await;
    assert_eq!(session.get_flash::<u32>("notice").unwrap(), Some(1));
}
