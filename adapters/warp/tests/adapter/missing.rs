//! A route that takes a session without the layer.

use session_warp::testing::TestSessions;
use test_support::Log;
use warp::Filter;

use crate::common::{Answer, send_to_routes, visits};

const EXPLANATION: &str =
    "GET /visits has no session: serve it with `session_warp::serve(routes, sessions)`";

/// Release builds reveal nothing.
#[track_caller]
fn assert_explained(answer: &Answer, otherwise: &str) {
    assert_eq!(answer.status, 500);
    match cfg!(debug_assertions) {
        true => assert!(answer.body.contains(EXPLANATION), "{answer}"),
        false => assert_eq!(answer.body, otherwise),
    }
}

#[tokio::test]
async fn a_route_without_the_layer_is_named_with_the_fix() {
    let log = Log::capture();
    let visits = session_warp::session().then(visits);
    let routes = warp::path!("visits").and(visits);
    let mut guest = TestSessions::new().guest();
    let answer = send_to_routes(&routes, &mut guest, "GET /visits").await;
    let unhandled = "Unhandled rejection: SessionRejection(Missing)";
    assert_explained(&answer, unhandled);
    assert!(answer.body.starts_with(unhandled), "{answer}");
    let cause = format!("cause=\"{EXPLANATION}");
    assert_eq!(log.count(&cause), 1, "{}", log.text());

    let recovered = routes.recover(session_warp::recover);
    let answer = send_to_routes(&recovered, &mut guest, "GET /visits").await;
    assert_explained(&answer, "Internal Server Error");
    assert!(!answer.body.contains("Unhandled"), "{answer}");
}

#[tokio::test]
async fn an_optional_session_may_be_missing() {
    let log = Log::capture();
    let routes = session_warp::optional_session()
        .map(|session: Option<session_warp::Session>| session.is_some().to_string());
    let sessions = TestSessions::new();
    let mut guest = sessions.guest();
    let answer = send_to_routes(&routes, &mut guest, "GET /").await;
    assert_eq!(answer.body, "false");
    assert!(log.take().is_empty());
    let app = session_warp::service(routes, sessions.manager());
    let answer = crate::common::send(&app, &mut guest, "GET /").await;
    assert_eq!(answer.body, "true");
}
