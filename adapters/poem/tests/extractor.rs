//! The session as a handler's argument.
#![allow(clippy::unwrap_used)]

mod common;

use std::error::Error as _;

use common::{Log, get, memory, probed, send, stored};
use poem::test::TestClient;
use poem::web::Json;
use poem::{EndpointExt, FromRequest, Request, Route, handler};
use serde_json::Value;
use session_poem::{CookieDriver, Error, ErrorKind, OnOutage, Opening, Secret};
use session_poem::{Session, SessionError, SessionManager, SessionMiddleware};

#[handler]
async fn visits(session: Session) -> Result<String, SessionError> {
    Ok(session.update("visits", 0, |n: u32| n + 1)?.to_string())
}

#[handler]
async fn has(session: Option<Session>) -> String {
    session.is_some().to_string()
}

#[tokio::test]
async fn a_handler_takes_the_session_as_an_argument() {
    let (sessions, middleware) = memory();
    let client = TestClient::new(visits.with(middleware));
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/").await.body, "1");
    assert_eq!(get(&client, &mut ada, "/").await.body, "2");
    assert_eq!(get(&client, &mut sessions.guest(), "/").await.body, "1");
}

#[tokio::test]
async fn two_arguments_are_one_session() {
    #[handler]
    async fn twice(one: Session, other: Option<Session>) -> Result<String, SessionError> {
        one.put("a", 1)?;
        Ok(other.unwrap().all().to_json())
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(twice.with(middleware));
    let answer = get(&client, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, r#"{"a":1}"#);
}

/// The facade of this crate gives this crate's type.
#[tokio::test]
async fn code_far_from_the_handler_has_the_current_session() {
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

/// The body is the business of other arguments, whatever their order.
#[tokio::test]
async fn the_session_stands_before_or_after_an_argument_that_reads_the_body() {
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
async fn an_endpoint_takes_it_out_of_the_request() {
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

#[tokio::test]
async fn lazily_the_argument_opens_the_session() {
    #[handler]
    fn without() -> String {
        let missing = Session::current().expect_err("nobody took it").kind();
        format!("{missing:?}")
    }
    let (probe, sessions, middleware) = probed(|builder| builder.opening(Opening::Lazy));
    let app = Route::new().at("/", visits).at("/without", without);
    let client = TestClient::new(app.with(middleware));
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/").await.body, "1");
    let answer = get(&client, &mut ada, "/without").await;
    assert_eq!(answer.body, "Missing");
    assert!(!answer.headers.contains_key("vary"));
    assert_eq!(probe.loads(), 0, "the store was not asked");
    assert_eq!(get(&client, &mut ada, "/").await.body, "2");
    assert_eq!(probe.loads(), 1);
}

#[tokio::test]
async fn without_the_middleware_a_request_is_500_and_the_log_names_the_fix() {
    let log = Log::capture();
    let (sessions, _) = memory();
    let client = TestClient::new(Route::new().at("/", visits));
    let answer = get(&client, &mut sessions.guest(), "/").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Internal Server Error");
    let line = "ERROR session: request failed error=there is no session here: add the session layer around this route \
                cause=\"add `.with(SessionMiddleware::new(manager))` after the `.at(…)` of this route\"";
    assert_eq!(log.take(), [line]);
}

#[tokio::test]
async fn a_route_beside_the_middleware_is_outside_of_it() {
    let (sessions, middleware) = memory();
    let app = Route::new()
        .at("/in", visits.with(middleware))
        .at("/out", visits);
    let client = TestClient::new(app);
    assert_eq!(get(&client, &mut sessions.guest(), "/in").await.status, 200);
    assert_eq!(
        get(&client, &mut sessions.guest(), "/out").await.status,
        500
    );
}

#[tokio::test]
async fn an_optional_session_is_none_without_the_middleware_and_some_with_it() {
    let log = Log::capture();
    let (sessions, middleware) = memory();
    let without = TestClient::new(has);
    assert_eq!(
        get(&without, &mut sessions.guest(), "/").await.body,
        "false"
    );
    assert_eq!(log.text(), "", "it may be missing");
    let with = TestClient::new(has.with(middleware));
    assert_eq!(get(&with, &mut sessions.guest(), "/").await.body, "true");
}

/// poem makes `None` of every failure; the `Result` says which.
#[tokio::test]
async fn a_result_tells_a_store_that_is_down_from_a_missing_middleware() {
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
        .at("/optional", has)
        .at("/session", visits);
    let client = TestClient::new(app.with(middleware));
    assert_eq!(get(&client, &mut ada, "/which").await.body, "Unavailable");
    assert_eq!(get(&client, &mut ada, "/optional").await.body, "false");
    let answer = get(&client, &mut ada, "/session").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    let without = TestClient::new(which);
    assert_eq!(get(&without, &mut ada, "/").await.body, "Missing");
}

#[tokio::test]
async fn an_error_has_its_status_and_tells_the_client_no_internals() {
    #[handler]
    async fn large(session: Session) -> Result<(), SessionError> {
        Ok(session.put("a", "x".repeat(5000))?)
    }
    #[handler]
    async fn decode(session: Session) -> Result<String, SessionError> {
        session.put("a", "text")?;
        Ok(session.get::<u32>("a")?.unwrap_or_default().to_string())
    }
    let manager = SessionManager::builder(CookieDriver, Secret::generate().unwrap()).build();
    let app = Route::new().at("/large", large).at("/decode", decode);
    let client = TestClient::new(app.with(SessionMiddleware::new(manager.unwrap())));
    let (sessions, _) = memory();
    let answer = get(&client, &mut sessions.guest(), "/large").await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.starts_with("the session would take "));
    assert!(answer.body.ends_with(" bytes, the limit is 4096"));
    assert_eq!(answer.set_cookies(), 0);
    let log = Log::capture();
    let answer = get(&client, &mut sessions.guest(), "/decode").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (500, "Internal Server Error")
    );
    let line = r#"request failed error=the value of "a" is not of the requested type"#;
    assert_eq!(log.count(line), 1, "{}", log.text());
    assert_eq!(answer.set_cookies(), 1, "saved up to there");
}

#[tokio::test]
async fn where_the_store_is_down_a_write_is_503() {
    let (probe, sessions, middleware) = probed(|builder| builder);
    let client = TestClient::new(visits.with(middleware));
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let answer = get(&client, &mut ada, "/").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    assert_eq!(answer.set_cookies(), 0);
    probe.break_loads(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}

#[tokio::test]
async fn an_error_keeps_its_kind_and_its_source_also_as_an_error_of_poem() {
    let error = SessionError::from(Error::unavailable("refused"));
    assert_eq!(error.error().kind(), ErrorKind::Unavailable);
    assert_eq!(error.source().unwrap().to_string(), "refused");
    let error = poem::Error::from(error);
    assert_eq!(error.status(), 503);
    assert_eq!(error.to_string(), "the session store is unavailable");
    let source = error.source().unwrap().source().unwrap();
    assert_eq!(source.to_string(), "refused");
}

/// The session was taken, changed and its flash aged; that a later argument is refused does not undo it.
#[tokio::test]
async fn a_later_argument_that_fails_does_not_undo_the_session() {
    #[handler]
    async fn strict(_: Session, Json(body): Json<Value>) -> String {
        body.to_string()
    }
    for opening in [Opening::Eager, Opening::Lazy] {
        let (_, sessions, middleware) = probed(match opening {
            Opening::Eager => |builder| builder,
            Opening::Lazy => |builder| builder.opening(Opening::Lazy),
        });
        let mark = strict.around(|endpoint, request| async move {
            let session = Session::from_request_without_body(&request).await?;
            session.put("marked", true).map_err(SessionError::from)?;
            poem::Endpoint::call(&*endpoint, request).await
        });
        let client = TestClient::new(mark.with(middleware));
        let mut ada = sessions.visitor(|session| session.flash("notice", 1)).await;
        let answer = send(&client, &mut ada, "POST /", "not json").await;
        assert_eq!(answer.status, 415);
        assert_eq!(stored(&ada).await, r#"{"marked":true} {}"#);
    }
}
