//! The routes by themselves: `warp::test` puts a session into the request, so neither server nor layer is needed.
#![allow(clippy::unwrap_used)]

use playground::page::About;
use session_warp::testing::{self, TestSessions};
use session_warp::{DriverName, Session};
use warp::{Filter, Rejection, Reply};

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let about = About::new(&TestSessions::new().manager(), DriverName::Memory);
    warp_playground::routes(about)
}

/// Sends a request with this session; returns the status and the body.
async fn ask(session: &Session, request: &str, body: &str) -> (u16, String) {
    let (method, path) = request.split_once(' ').unwrap();
    let request = warp::test::request().method(method).path(path);
    let request = request.extension(session.clone()).body(body);
    let reply = request.reply(&routes()).await;
    let status = reply.status().as_u16();
    (status, String::from_utf8(reply.body().to_vec()).unwrap())
}

#[tokio::test]
async fn a_verb_answers_and_changes_the_session() {
    let session = testing::session(|session| session.put("a", 1));
    let answer = ask(&session, "GET /api/session/a", "").await;
    assert_eq!(answer, (200, "1".to_owned()));
    let answer = ask(&session, "PUT /api/session/b%2Fc", "[2]").await;
    assert_eq!(answer, (204, String::new()));
    assert_eq!(session.all().to_json(), r#"{"a":1,"b/c":[2]}"#);
}

#[tokio::test]
async fn a_handler_that_fails_rejects_and_is_recovered() {
    let session = testing::session(|_| Ok(()));
    let answer = ask(&session, "POST /api/fail/a", "1").await;
    let expected = r#"{"error":"the handler failed, as asked"}"#;
    assert_eq!(answer, (500, expected.to_owned()));
    assert_eq!(session.all().to_json(), r#"{"a":1}"#);
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let session = testing::session(|session| session.put("a", 1));
    for (request, body, status) in [
        ("PUT /api/session/a", "{", 400),
        ("PUT /api/slow/a?ms=x", "2", 400),
        ("POST /api/keep", "{}", 400),
        ("POST /name", "name=Ada", 415),
        ("GET /api/session/b", "", 404),
        ("GET /api/session/", "", 404),
        ("GET /api/session/%ff", "", 404),
        ("PATCH /api/session/a", "2", 405),
        ("GET /logout", "", 405),
    ] {
        assert_eq!(ask(&session, request, body).await.0, status, "{request}");
    }
    assert_eq!(session.all().to_json(), r#"{"a":1}"#);
}
