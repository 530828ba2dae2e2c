//! The session as a handler's argument.

use std::error::Error as _;

use poem::test::TestClient;
use poem::web::Json;
use poem::{EndpointExt, FromRequest, Request, Route, handler};
use serde_json::Value;
use session_poem::{Error, ErrorKind, OnOutage, Opening, Session, SessionError};
use test_support::Log;

use crate::common::{count, get, has_session, memory, probed, stored};

#[tokio::test]
async fn the_facade_gives_this_crates_type() {
    fn far_away() -> Result<(), Error> {
        Session::current()?.put("far", true)
    }
    #[handler]
    fn index() -> Result<String, SessionError> {
        far_away()?;
        let session: session_tower::Session = Session::try_current().unwrap().into();
        Ok(Session::from(session).all().to_json())
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(index.with(middleware));
    let answer = get(&client, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, r#"{"far":true}"#);
    assert!(Session::try_current().is_none());
}

/// The session does not consume the body.
#[tokio::test]
async fn the_session_can_stand_before_or_after_the_body() {
    #[handler]
    async fn put(
        before: Session,
        Json(value): Json<Value>,
        after: Session,
    ) -> Result<(), SessionError> {
        before.put("before", &value)?;
        Ok(after.put("after", value)?)
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(put.with(middleware));
    let mut ada = sessions.guest();
    let request = client.post("/").body_json(&[1, 2]);
    let response = request.send().await.0;
    ada.receive_headers(response.headers());
    assert_eq!(stored(&ada).await, r#"{"after":[1,2],"before":[1,2]} {}"#);
}

#[tokio::test]
async fn an_endpoint_can_take_it_from_the_request() {
    async fn take(request: Request) -> poem::Result<()> {
        let session = Session::from_request_without_body(&request).await?;
        session.put("a", 1).map_err(SessionError::from)?;
        Ok(())
    }
    let (sessions, middleware) = memory();
    let endpoint = poem::endpoint::make(take).with(middleware);
    let mut ada = sessions.guest();
    get(&TestClient::new(endpoint), &mut ada, "/").await;
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}

/// poem turns every failure into `None`; a `Result` has the reason.
#[tokio::test]
async fn a_result_tells_an_outage_from_a_missing_middleware() {
    #[handler]
    async fn which(session: poem::Result<Session>) -> String {
        let error = session.expect_err("there is none");
        let error: &SessionError = error.downcast_ref().unwrap();
        format!("{:?}", error.error().kind())
    }
    let (probe, sessions, middleware) =
        probed(|builder| builder.opening(Opening::Lazy).on_outage(OnOutage::Refuse));
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let app = Route::new()
        .at("/which", which)
        .at("/optional", has_session)
        .at("/session", count);
    let client = TestClient::new(app.with(middleware));
    assert_eq!(get(&client, &mut ada, "/which").await.body, "Unavailable");
    assert_eq!(get(&client, &mut ada, "/optional").await.body, "false");
    let answer = get(&client, &mut ada, "/session").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    let without = TestClient::new(which);
    assert_eq!(get(&without, &mut ada, "/").await.body, "Missing");
}

#[tokio::test]
async fn an_error_keeps_its_kind_and_source_as_a_poem_error() {
    let error = SessionError::from(Error::unavailable("refused"));
    assert_eq!(error.error().kind(), ErrorKind::Unavailable);
    assert_eq!(error.source().unwrap().to_string(), "refused");
    let text = error.error().to_string();
    let error = poem::Error::from(error);
    assert_eq!(error.status(), 503);
    assert_eq!(error.to_string(), text);
    let source = error.source().unwrap().source().unwrap();
    assert_eq!(source.to_string(), "refused");
}

#[tokio::test]
async fn the_log_has_what_a_500_hides() {
    #[handler]
    async fn decode(session: Session) -> Result<(), SessionError> {
        session.put("a", "text")?;
        session.get::<u32>("a")?;
        Ok(())
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(decode.with(middleware));
    let log = Log::capture();
    let answer = get(&client, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, "Internal Server Error");
    let line = "request failed error=the value of \"a\"";
    assert_eq!(log.count(line), 1, "{}", log.text());
}
