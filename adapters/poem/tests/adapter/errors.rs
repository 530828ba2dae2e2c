//! Handlers that fail: what is saved, what the client gets, and what error handlers see.

use std::fmt;
use std::sync::{Arc, Mutex};

use poem::error::{InternalServerError, NotFoundError, ResponseError};
use poem::http::StatusCode;
use poem::middleware::Tracing;
use poem::test::TestClient;
use poem::{Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route, handler};
use session_poem::testing::Visitor;
use session_poem::{ErrorKind, OnOutage, OnSaveFailure, Session, SessionError, SessionMiddleware};
use test_support::Log;

use crate::common::{get, memory, probed, stored};

/// An application's own error.
#[derive(Debug)]
struct SoldOut;

impl fmt::Display for SoldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sold out")
    }
}

impl std::error::Error for SoldOut {}

impl ResponseError for SoldOut {
    fn status(&self) -> StatusCode {
        StatusCode::CONFLICT
    }

    fn as_response(&self) -> Response {
        let text = self.to_string().with_header("x-stock", "0");
        text.with_status(self.status()).into_response()
    }
}

#[handler]
async fn buy(session: Session) -> poem::Result<()> {
    session.put("tried", true).map_err(SessionError::from)?;
    session.regenerate().map_err(SessionError::from)?;
    let mut error = Error::from(SoldOut);
    error.set_data(7_u32);
    Err(error)
}

fn shop() -> Route {
    Route::new().at("/buy", buy)
}

/// For every way to create an error in poem.
#[tokio::test]
async fn an_error_has_the_same_response_as_without_sessions() {
    type Make = fn() -> Error;
    let makes: [Make; 6] = [
        || SoldOut.into(),
        || Error::from_status(StatusCode::IM_A_TEAPOT),
        || Error::from_string("no", StatusCode::BAD_REQUEST),
        || InternalServerError(std::io::Error::other("inside")),
        || Error::from_response(Response::builder().status(StatusCode::GONE).body("gone")),
        || {
            let mut error = Error::new(SoldOut, StatusCode::LOCKED);
            error.set_error_message("a message");
            error
        },
    ];
    for make in makes {
        let (sessions, middleware) = memory();
        let endpoint = poem::endpoint::make_sync(move |_| -> poem::Result<()> {
            let put = Session::try_current().map(|session| session.put("a", 1));
            put.transpose().map_err(SessionError::from)?;
            Err(make())
        });
        let endpoint = Arc::new(endpoint);
        let mut ada = sessions.guest();
        let bare = get(&TestClient::new(endpoint.clone()), &mut ada, "/").await;
        let client = TestClient::new(endpoint.with(middleware));
        let mut answer = get(&client, &mut ada, "/").await;
        assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
        for name in ["set-cookie", "vary", "cache-control"] {
            assert!(answer.headers.remove(name).is_some());
        }
        assert_eq!((answer.status, answer.body), (bare.status, bare.body));
        assert_eq!(answer.headers, bare.headers);
    }
}

#[tokio::test]
async fn inside_the_middleware_errors_keep_their_type_and_responses_have_the_cookie() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let app = shop()
        .inspect_err(move |error: &SoldOut| log.lock().unwrap().push(error.to_string()))
        .catch_error(|_: SoldOut| async {
            let session = Session::current().unwrap();
            session.flash("notice", "Try again.").unwrap();
            "Nothing left.".with_status(StatusCode::GONE)
        })
        .catch_error(|_: NotFoundError| async { "No such page." });
    let (sessions, middleware) = memory();
    let client = TestClient::new(app.with(middleware));
    let mut ada = sessions.guest();
    let answer = get(&client, &mut ada, "/buy").await;
    assert_eq!((answer.status, &*answer.body), (410, "Nothing left."));
    assert_eq!(
        stored(&ada).await,
        r#"{"tried":true} {"notice":"Try again."}"#
    );
    assert_eq!(*seen.lock().unwrap(), ["sold out"]);
    let answer = get(&client, &mut ada, "/nothing").await;
    assert_eq!(answer.body, "No such page.");
}

#[tokio::test]
async fn inside_the_middleware_session_errors_can_be_caught() {
    #[handler]
    async fn decode(session: Session) -> Result<(), SessionError> {
        session.put("a", "text")?;
        session.get::<u32>("a")?;
        Ok(())
    }
    let app = Route::new()
        .at("/", decode)
        .catch_all_error(|error| async move {
            let status = error.status();
            let kind = error
                .downcast_ref()
                .map(SessionError::error)
                .unwrap()
                .kind();
            format!("{kind:?}").with_status(status)
        });
    let log = Log::capture();
    let (sessions, middleware) = memory();
    let client = TestClient::new(app.with(middleware));
    let mut ada = sessions.guest();
    let answer = get(&client, &mut ada, "/").await;
    assert_eq!((answer.status, &*answer.body), (500, "Decode"));
    assert_eq!(stored(&ada).await, r#"{"a":"text"} {}"#);
    assert_eq!(log.count("ERROR"), 0, "the handler of errors deals with it");
}

/// So a handler of errors there cannot replace the response and lose the cookie.
#[tokio::test]
async fn outside_the_middleware_an_error_is_a_response_with_its_data() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let (sessions, middleware) = memory();
    let app = shop()
        .with(middleware)
        .catch_error(|_: SoldOut| async { unreachable!("caught outside") as String })
        .catch_error(|_: NotFoundError| async { unreachable!("caught outside") as String })
        .catch_all_error(|_| async { unreachable!("caught outside") as String })
        .after(move |result| {
            let response: &Response = result.as_ref().unwrap();
            let data = response.data::<u32>().copied();
            log.lock().unwrap().push((response.status(), data));
            async { result }
        });
    let client = TestClient::new(app);
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/buy").await.body, "sold out");
    assert_eq!(stored(&ada).await, r#"{"tried":true} {}"#);
    assert_eq!(get(&client, &mut ada, "/nothing").await.body, "not found");
    let expected = [
        (StatusCode::CONFLICT, Some(7)),
        (StatusCode::NOT_FOUND, None),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn tracing_logs_an_errors_text_inside_the_middleware_and_its_status_outside() {
    let log = Log::capture();
    let (sessions, middleware) = memory();
    let inside = TestClient::new(shop().with(Tracing).with(middleware.clone()));
    get(&inside, &mut sessions.guest(), "/buy").await;
    assert_eq!(log.count("error=sold out"), 1, "{}", log.text());

    let log = Log::capture();
    let outside = TestClient::new(shop().with(middleware).with(Tracing));
    get(&outside, &mut sessions.guest(), "/buy").await;
    assert_eq!(log.count("sold out"), 0, "{}", log.text());
    assert_eq!(log.count("status=409 Conflict"), 1, "{}", log.text());
}

/// The outer middleware turns errors into responses.
#[tokio::test]
async fn errors_between_nested_middlewares_keep_their_type() {
    let (sessions, middleware) = memory();
    let app = Route::new()
        .nest("/shop", shop().with(middleware.clone()))
        .catch_error(|_: SoldOut| async { "Nothing left." })
        .with(middleware);
    let mut ada = sessions.guest();
    let answer = get(&TestClient::new(app), &mut ada, "/shop/buy").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("Nothing left.", 1));
    assert_eq!(stored(&ada).await, r#"{"tried":true} {}"#);
}

/// Asserts that the middleware fails with an error that keeps its type outside, because there is no
/// cookie.
async fn assert_refused(middleware: SessionMiddleware, visitor: &Visitor) {
    let app = shop().with(middleware);
    let mut request = Request::builder().uri_str("/buy").finish();
    let cookie = visitor.cookie().parse().unwrap();
    request.headers_mut().insert("cookie", cookie);
    let error = app.call(request).await.unwrap_err();
    let kind = error
        .downcast_ref()
        .map(SessionError::error)
        .unwrap()
        .kind();
    assert_eq!(kind, ErrorKind::Unavailable);

    let client = TestClient::new(app);
    let answer = get(&client, &mut visitor.clone(), "/buy").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "Service Unavailable");
    assert_eq!(answer.set_cookies(), 0);
}

#[tokio::test]
async fn an_outage_can_fail_the_middleware_itself() {
    let (probe, sessions, middleware) = probed(|builder| builder.on_outage(OnOutage::Refuse));
    let ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    assert_refused(middleware, &ada).await;
    probe.break_loads(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#, "no handler ran");
}

#[tokio::test]
async fn a_failed_save_can_fail_the_middleware_itself() {
    let (probe, sessions, middleware) =
        probed(|builder| builder.on_save_failure(OnSaveFailure::Refuse));
    let ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_writes(true);
    assert_refused(middleware, &ada).await;
    probe.break_writes(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}
