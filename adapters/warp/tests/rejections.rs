//! Rejections, recovered and not, and errors of the session's verbs.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;

use common::{Done, Log, ask, ask_routes, probed, stored, visits};
use session_warp::testing::TestSessions;
use session_warp::{
    CookieDriver, Error, ErrorKind, Secret, Session, SessionManager, SessionRejection,
};
use warp::http::StatusCode;
use warp::reject::Reject;
use warp::{Filter, Rejection, Reply};

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
async fn a_request_that_nothing_handles_after_its_rejection_is_saved_and_sets_its_cookie() {
    let sessions = TestSessions::new();
    let routes = session_warp::session().and_then(put_and_refuse);
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions.guest();
    let answer = ask(&app, &mut ada, "GET /").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Unhandled rejection: Refused");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(stored(&ada).await, r#"{"refused":true} {}"#);
}

#[tokio::test]
async fn what_recover_replies_has_the_session_and_its_cookie() {
    let sessions = TestSessions::new();
    let routes = session_warp::session().and_then(put_and_refuse);
    let app = session_warp::service(routes.recover(recovered), sessions.manager());
    let mut ada = sessions.guest();
    let answer = ask(&app, &mut ada, "GET /").await;
    assert_eq!((answer.status, &*answer.body), (403, "refused"));
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(stored(&ada).await, r#"{"refused":true} {}"#);
}

#[tokio::test]
async fn routes_that_recover_everything_have_the_layer_as_well() {
    let sessions = TestSessions::new();
    let routes = session_warp::session().and_then(put_and_refuse);
    let app = session_warp::service(routes.recover(all_recovered), sessions.manager());
    let mut ada = sessions.guest();
    let answer = ask(&app, &mut ada, "GET /").await;
    assert_eq!((answer.status, &*answer.body), (403, "Some(Refused)"));
    assert_eq!(stored(&ada).await, r#"{"refused":true} {}"#);
}

#[tokio::test]
async fn a_route_that_passes_a_request_on_leaves_what_it_wrote() {
    let sessions = TestSessions::new();
    let routes = session_warp::session()
        .and_then(put_and_pass)
        .or(session_warp::session().then(visits));
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions.guest();
    assert_eq!(ask(&app, &mut ada, "GET /").await.body, "1");
    assert_eq!(stored(&ada).await, r#"{"passed":true,"visits":1} {}"#);
}

#[tokio::test]
async fn a_request_that_matches_no_route_sets_nothing_and_ages_flash() {
    let sessions = TestSessions::new();
    let routes = warp::path!("visits")
        .and(warp::post())
        .and(session_warp::session())
        .then(visits);
    let app = session_warp::service(routes, sessions.manager());
    let answer = ask(&app, &mut sessions.guest(), "GET /nothing").await;
    assert_eq!(answer.status, 404);
    assert!(answer.is_silent(), "{answer}");
    let answer = ask(&app, &mut sessions.guest(), "GET /visits").await;
    assert_eq!(answer.status, 405);
    let mut ada = sessions.visitor(|session| session.flash("a", 1)).await;
    ask(&app, &mut ada, "GET /nothing").await;
    assert_eq!(stored(&ada).await, "{} {}");
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

/// Whether they are replies, by `then`, or rejections, by `and_then`.
#[tokio::test]
async fn an_error_has_its_status_and_tells_the_client_no_internals() {
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
    for by in ["then", "and_then"] {
        let answer = ask(&app, &mut sessions.guest(), &format!("GET /{by}/large")).await;
        assert_eq!(answer.status, 413);
        assert!(answer.body.starts_with("the session would take "));
        assert!(answer.body.ends_with(" bytes, the limit is 4096"));
        assert!(answer.set_cookies().is_empty());
        let log = Log::capture();
        let answer = ask(&app, &mut sessions.guest(), &format!("GET /{by}/decode")).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.body, "Internal Server Error");
        let line = r#"request failed error=the value of "a" is not of the requested type"#;
        assert_eq!(log.count(line), 1, "{}", log.text());
        assert_eq!(answer.set_cookies().len(), 1, "saved up to there");
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_503() {
    let (probe, sessions) = probed(|builder| builder);
    let routes = session_warp::session().then(visits);
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let answer = ask(&app, &mut ada, "GET /").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "Service Unavailable");
    assert!(answer.set_cookies().is_empty());
    probe.break_loads(false);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}

async fn unavailable() -> Result<&'static str, Rejection> {
    Err(SessionRejection::from(Error::unavailable("refused by 10.0.0.7")).into())
}

#[tokio::test]
async fn a_rejection_that_nobody_handles_tells_the_client_its_kind_and_no_more() {
    let routes = warp::any().and_then(unavailable);
    let mut guest = TestSessions::new().guest();
    let answer = ask_routes(&routes, &mut guest, "GET /").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "Unhandled rejection: SessionRejection(Unavailable)"
    );
}

#[tokio::test]
async fn recover_answers_the_sessions_rejections_and_leaves_the_others() {
    let refuse = || async { Err::<&str, _>(Rejection::from(Refused)) };
    let routes = warp::path!("session")
        .and_then(unavailable)
        .or(warp::path!("other").and_then(refuse))
        .recover(session_warp::recover)
        .recover(recovered);
    let mut guest = TestSessions::new().guest();
    let answer = ask_routes(&routes, &mut guest, "GET /session").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    let answer = ask_routes(&routes, &mut guest, "GET /other").await;
    assert_eq!((answer.status, &*answer.body), (403, "refused"));
    assert_eq!(
        ask_routes(&routes, &mut guest, "GET /nothing").await.status,
        404
    );
}

#[test]
fn a_rejection_keeps_its_error_and_the_errors_source() {
    let rejection = SessionRejection::from(Error::unavailable("refused"));
    assert_eq!(rejection.error().kind(), ErrorKind::Unavailable);
    assert_eq!(rejection.to_string(), "the session store is unavailable");
    let source = std::error::Error::source(&rejection).expect("a source");
    assert_eq!(source.to_string(), "refused");
}
