//! Rejections, and errors of the session's verbs.

use std::convert::Infallible;

use session_warp::testing::TestSessions;
use session_warp::{
    CookieDriver, Error, ErrorKind, Secret, Session, SessionManager, SessionRejection,
};
use test_support::Log;
use warp::http::StatusCode;
use warp::reject::Reject;
use warp::{Filter, Rejection, Reply};

use crate::common::{Done, send, send_to_routes, stored, visits};

#[derive(Debug)]
struct Refused;

impl Reject for Refused {}

async fn put_and_refuse(session: Session) -> Result<&'static str, Rejection> {
    session
        .put("refused", true)
        .map_err(SessionRejection::from)?;
    Err(Refused.into())
}

async fn put_and_pass(session: Session) -> Result<&'static str, Rejection> {
    session
        .put("passed", true)
        .map_err(SessionRejection::from)?;
    Err(warp::reject::not_found())
}

async fn recovered(rejection: Rejection) -> Result<impl Reply, Rejection> {
    match rejection.find::<Refused>() {
        Some(Refused) => Ok(warp::reply::with_status("refused", StatusCode::FORBIDDEN)),
        None => Err(rejection),
    }
}

async fn all_recovered(rejection: Rejection) -> Result<impl Reply, Infallible> {
    let text = format!("{:?}", rejection.find::<Refused>());
    Ok(warp::reply::with_status(text, StatusCode::FORBIDDEN))
}

#[tokio::test]
async fn routes_that_recover_everything_have_sessions() {
    let sessions = TestSessions::new();
    let routes = session_warp::session().and_then(put_and_refuse);
    let app = session_warp::service(routes.recover(all_recovered), sessions.manager());
    let mut ada = sessions.guest();
    let answer = send(&app, &mut ada, "GET /").await;
    assert_eq!((answer.status, &*answer.body), (403, "Some(Refused)"));
    assert_eq!(stored(&ada).await, r#"{"refused":true} {}"#);
}

#[tokio::test]
async fn a_route_that_passes_the_request_on_keeps_its_writes() {
    let sessions = TestSessions::new();
    let routes = session_warp::session()
        .and_then(put_and_pass)
        .or(session_warp::session().then(visits));
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions.guest();
    assert_eq!(send(&app, &mut ada, "GET /").await.body, "1");
    assert_eq!(stored(&ada).await, r#"{"passed":true,"visits":1} {}"#);
}

async fn large(session: Session) -> Done<&'static str> {
    session.put("a", "x".repeat(5000))?;
    Ok("never")
}

async fn decode(session: Session) -> Done<String> {
    session.put("a", "text")?;
    Ok(session.get_or("a", 0)?.to_string())
}

async fn or_reject<T>(done: impl Future<Output = Done<T>>) -> Result<T, Rejection> {
    Ok(done.await?)
}

/// A reply, and a rejection that `recover` replies to.
#[tokio::test]
async fn an_error_has_its_status_and_hides_its_internals() {
    let session = session_warp::session;
    let routes = warp::path!("then" / "large")
        .and(session())
        .then(large)
        .or(warp::path!("then" / "decode").and(session()).then(decode))
        .or(warp::path!("and_then" / "large")
            .and(session())
            .and_then(|session| or_reject(large(session))))
        .or(warp::path!("and_then" / "decode")
            .and(session())
            .and_then(|session| or_reject(decode(session))));
    let sessions =
        TestSessions::with(|_| SessionManager::builder(CookieDriver, Secret::generate().unwrap()));
    let app = session_warp::service(routes, sessions.manager());
    for how in ["then", "and_then"] {
        let mut guest = sessions.guest();
        let answer = send(&app, &mut guest, &format!("GET /{how}/large")).await;
        assert_eq!(answer.status, 413);
        assert!(answer.body.contains("4096"), "{answer}");
        assert!(answer.set_cookies().is_empty());
        let log = Log::capture();
        let answer = send(&app, &mut guest, &format!("GET /{how}/decode")).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.body, "Internal Server Error");
        let line = "request failed error=the value of \"a\"";
        assert_eq!(log.count(line), 1, "{}", log.text());
        assert_eq!(answer.set_cookies().len(), 1, "earlier writes are saved");
    }
}

async fn unavailable() -> Result<&'static str, Rejection> {
    Err(SessionRejection::from(Error::unavailable("refused by 10.0.0.7")).into())
}

#[tokio::test]
async fn an_unhandled_rejection_shows_only_its_kind() {
    let routes = warp::any().and_then(unavailable);
    let mut guest = TestSessions::new().guest();
    let answer = send_to_routes(&routes, &mut guest, "GET /").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "Unhandled rejection: SessionRejection(Unavailable)"
    );
}

#[tokio::test]
async fn recover_replies_only_to_the_sessions_rejections() {
    let refuse = || async { Err::<&str, _>(Rejection::from(Refused)) };
    let routes = warp::path!("session")
        .and_then(unavailable)
        .or(warp::path!("other").and_then(refuse))
        .recover(session_warp::recover)
        .recover(recovered);
    let mut guest = TestSessions::new().guest();
    let answer = send_to_routes(&routes, &mut guest, "GET /session").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    let answer = send_to_routes(&routes, &mut guest, "GET /other").await;
    assert_eq!((answer.status, &*answer.body), (403, "refused"));
    assert_eq!(
        send_to_routes(&routes, &mut guest, "GET /nothing")
            .await
            .status,
        404
    );
}

#[test]
fn a_rejection_keeps_its_error_and_the_errors_source() {
    let rejection = SessionRejection::from(Error::unavailable("refused"));
    assert_eq!(rejection.error().kind(), ErrorKind::Unavailable);
    assert_eq!(rejection.to_string(), rejection.error().to_string());
    let source = std::error::Error::source(&rejection).expect("a source");
    assert_eq!(source.to_string(), "refused");
}
