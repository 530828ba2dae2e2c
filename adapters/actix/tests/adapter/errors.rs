//! Handlers and middleware that fail or answer early: what is saved, and what the client gets.

use std::fmt;
use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers, Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, get};
use actix_web::{App, Error, HttpResponse, ResponseError};
use session_actix::testing::Visitor;
use session_actix::{ErrorKind, OnOutage, OnSaveFailure, Session, SessionError, SessionMiddleware};
use test_support::Log;

use crate::common::{count, get as get_page, memory, probed, stored};

/// An application's own error.
#[derive(Debug)]
struct SoldOut;

impl fmt::Display for SoldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sold out")
    }
}

impl ResponseError for SoldOut {
    fn status_code(&self) -> StatusCode {
        StatusCode::CONFLICT
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::Conflict()
            .insert_header(("x-stock", "0"))
            .body("nothing left")
    }
}

fn tried() -> Result<(), Error> {
    let session = Session::current().map_err(SessionError::from)?;
    session.put("tried", true).map_err(SessionError::from)?;
    Ok(session.regenerate().map_err(SessionError::from)?)
}

async fn buy() -> Result<HttpResponse, Error> {
    tried()?;
    Err(SoldOut.into())
}

/// A middleware that writes to the session and fails.
async fn refuse<B: MessageBody>(
    _: ServiceRequest,
    _: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    tried()?;
    Err(SoldOut.into())
}

/// A middleware that writes to the session and answers instead of the handler.
async fn answer_early<B: MessageBody>(
    request: ServiceRequest,
    _: Next<B>,
) -> Result<ServiceResponse, Error> {
    tried()?;
    Ok(request.into_response(HttpResponse::Found().finish()))
}

#[actix_web::test]
async fn a_failing_middleware_has_its_response_with_the_cookie() {
    let (sessions, middleware) = memory();
    let app = App::new()
        .wrap(from_fn(refuse))
        .wrap(middleware)
        .route("/", get().to(count));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    let answer = get_page(&app, &mut ada, "/").await;
    assert_eq!((answer.status, &*answer.body), (409, "nothing left"));
    assert_eq!(answer.headers.get("x-stock").unwrap(), "0");
    assert_eq!(answer.set_cookies(), 1);
    assert_eq!(answer.headers.get("cache-control").unwrap(), "no-store");
    assert_eq!(answer.headers.get("vary").unwrap(), "Cookie");
    assert_eq!(answer.error.as_deref(), Some("sold out"), "still an error");
    assert_eq!(stored(&ada).await, r#"{"tried":true} {}"#);
}

#[actix_web::test]
async fn a_middleware_that_answers_early_has_the_cookie() {
    let (sessions, middleware) = memory();
    let app = App::new()
        .wrap(from_fn(answer_early))
        .wrap(middleware)
        .route("/", get().to(count));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    let answer = get_page(&app, &mut ada, "/").await;
    assert_eq!((answer.status, answer.set_cookies()), (302, 1));
    assert_eq!(stored(&ada).await, r#"{"tried":true} {}"#);
}

/// An error of a handler is a response before it leaves the handler's service.
#[actix_web::test]
async fn error_handlers_inside_and_outside_keep_the_cookie() {
    for is_inside in [true, false] {
        let (sessions, middleware) = memory();
        let handlers = ErrorHandlers::new().handler(StatusCode::CONFLICT, |response| {
            let (request, response) = response.into_parts();
            let error = response.error().map(ToString::to_string);
            let response = response
                .set_body(error.unwrap_or_default())
                .map_into_boxed_body();
            let response = ServiceResponse::new(request, response);
            Ok(ErrorHandlerResponse::Response(
                response.map_into_left_body(),
            ))
        });
        let page = web::resource("/").route(get().to(buy));
        let mut ada = sessions.guest();
        let answer = if is_inside {
            let app = App::new().wrap(handlers).wrap(middleware).service(page);
            get_page(&init_service(app).await, &mut ada, "/").await
        } else {
            let app = App::new().wrap(middleware).wrap(handlers).service(page);
            get_page(&init_service(app).await, &mut ada, "/").await
        };
        assert_eq!((answer.status, &*answer.body), (409, "sold out"));
        assert_eq!(answer.set_cookies(), 1);
        assert_eq!(stored(&ada).await, r#"{"tried":true} {}"#);
    }
}

/// The inner middleware passes the request through, and the outer one adds the cookie.
#[actix_web::test]
async fn errors_between_nested_middlewares_keep_their_type() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let look = from_fn(move |request: ServiceRequest, next: Next<_>| {
        let log = log.clone();
        async move {
            let result = next.call(request).await;
            let is_known = result
                .as_ref()
                .is_err_and(|error| error.as_error::<SoldOut>().is_some());
            log.lock().unwrap().push(is_known);
            result
        }
    });
    let (sessions, middleware) = memory();
    let app = App::new()
        .wrap(from_fn(refuse))
        .wrap(middleware.clone())
        .wrap(look)
        .wrap(middleware)
        .route("/", get().to(count));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    let answer = get_page(&app, &mut ada, "/").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("nothing left", 1));
    assert_eq!(*seen.lock().unwrap(), [true]);
}

/// The inner error already has a response, with the inner cookie.
#[actix_web::test]
async fn an_error_passes_two_middlewares_of_different_sessions_and_gets_both_cookies() {
    let (outer, shop) = memory();
    let staff = session_actix::testing::TestSessions::with(|_| {
        let secret = session_actix::Secret::generate().unwrap();
        session_actix::SessionManager::builder(session_actix::CookieDriver, secret)
            .cookie(session_actix::CookieOptions::default().name("staff"))
    });
    let both = from_fn(|request: ServiceRequest, next: Next<_>| async move {
        tried()?;
        next.call(request).await
    });
    let app = App::new()
        .wrap(from_fn(refuse))
        .wrap(SessionMiddleware::new(staff.manager()))
        .wrap(both)
        .wrap(shop)
        .route("/", get().to(count));
    let app = init_service(app).await;
    let answer = get_page(&app, &mut outer.guest(), "/").await;
    assert_eq!((answer.status, &*answer.body), (409, "nothing left"));
    assert_eq!(answer.set_cookies(), 2, "{answer:?}");
}

/// Asserts that the middleware fails with an error that keeps its type, because there is no cookie.
async fn assert_refused(middleware: SessionMiddleware, visitor: &Visitor) {
    use actix_web::dev::Service;
    let log = Log::capture();
    let app = App::new().wrap(middleware).route("/", get().to(count));
    let app = init_service(app).await;
    let request = TestRequest::default().insert_header(("cookie", visitor.cookie()));
    let error = app.call(request.to_request()).await.unwrap_err();
    let kind = error.as_error().map(SessionError::error).unwrap().kind();
    assert_eq!(kind, ErrorKind::Unavailable);

    let answer = get_page(&app, &mut visitor.clone(), "/").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "Service Unavailable");
    assert_eq!(answer.set_cookies(), 0);
    assert!(log.count("ERROR") > 0, "{}", log.text());
}

#[actix_web::test]
async fn an_outage_can_fail_the_middleware_itself() {
    let (probe, sessions, middleware) = probed(|builder| builder.on_outage(OnOutage::Refuse));
    let ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    assert_refused(middleware, &ada).await;
    probe.break_loads(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#, "no handler ran");
}

#[actix_web::test]
async fn a_failed_save_can_fail_the_middleware_itself() {
    let (probe, sessions, middleware) =
        probed(|builder| builder.on_save_failure(OnSaveFailure::Refuse));
    let ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_writes(true);
    assert_refused(middleware, &ada).await;
    probe.break_writes(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}
