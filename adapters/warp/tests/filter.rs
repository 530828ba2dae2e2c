//! The session as a handler's argument.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Done, Log, ask, ask_routes, probed, stored, visits};
use session_warp::testing::{self, TestSessions};
use session_warp::{OnOutage, Opening, Session, SessionLayer};
use tower::Layer;
use warp::Filter;

#[tokio::test]
async fn a_handler_takes_the_session_by_a_filter() {
    let sessions = TestSessions::new();
    let routes = warp::path!("visits")
        .and(session_warp::session())
        .then(visits);
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions.guest();
    assert_eq!(ask(&app, &mut ada, "GET /visits").await.body, "1");
    assert_eq!(ask(&app, &mut ada, "GET /visits").await.body, "2");
    assert_eq!(stored(&ada).await, r#"{"visits":2} {}"#);
}

#[tokio::test]
async fn two_filters_give_one_session() {
    let sessions = TestSessions::new();
    let twice = |one: Session, other: Option<Session>| async move {
        one.put("a", 1)?;
        Done::Ok(other.expect("a layer").all().to_json())
    };
    let routes = session_warp::session()
        .and(session_warp::optional_session())
        .then(twice);
    let app = session_warp::service(routes, sessions.manager());
    let answer = ask(&app, &mut sessions.guest(), "GET /").await;
    assert_eq!(answer.body, r#"{"a":1}"#);
    assert_eq!(answer.set_cookies().len(), 1);
}

async fn far_away() -> Done<String> {
    Session::current()?.put("far", true)?;
    Ok(Session::current()?.all().to_json())
}

#[tokio::test]
async fn code_far_from_the_handler_has_the_current_session() {
    let sessions = TestSessions::new();
    let app = session_warp::service(warp::any().then(far_away), sessions.manager());
    let mut ada = sessions.guest();
    assert_eq!(ask(&app, &mut ada, "GET /").await.body, r#"{"far":true}"#);
    assert_eq!(stored(&ada).await, r#"{"far":true} {}"#);
    assert!(Session::try_current().is_none());
}

#[tokio::test]
async fn lazily_only_the_filter_opens_the_session() {
    let (probe, sessions) = probed(|builder| builder.opening(Opening::Lazy));
    let routes = warp::path!("visits")
        .and(session_warp::session())
        .then(visits)
        .or(warp::path!("health").map(|| "ok"));
    let app = session_warp::service(routes, sessions.manager());
    let mut ada = sessions
        .visitor(|session| session.flash("notice", "Welcome!"))
        .await;
    let before = probe.loads();
    let answer = ask(&app, &mut ada, "GET /health").await;
    assert!(answer.is_silent(), "{answer}");
    assert_eq!(ask(&app, &mut ada, "GET /nothing").await.status, 404);
    assert_eq!(probe.loads(), before);
    assert_eq!(stored(&ada).await, r#"{} {"notice":"Welcome!"}"#);
    assert_eq!(ask(&app, &mut ada, "GET /visits").await.body, "1");
    assert_eq!(stored(&ada).await, r#"{"visits":1} {}"#);
}

#[tokio::test]
async fn without_the_layer_a_request_is_500_and_the_log_names_the_fix() {
    let log = Log::capture();
    let routes = session_warp::session().then(visits);
    let mut guest = TestSessions::new().guest();
    let answer = ask_routes(&routes, &mut guest, "GET /").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "Unhandled rejection: SessionRejection(Missing)"
    );
    let line = "ERROR session: no session layer around this route: serve it by \
                `session_warp::serve(routes, layer)` instead of `warp::serve(routes)`; a test gives it one by \
                `.extension(session)`";
    assert_eq!(log.count(line), 1, "{}", log.text());

    let recovered = routes.recover(session_warp::recover);
    let answer = ask_routes(&recovered, &mut guest, "GET /").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Internal Server Error");
}

#[tokio::test]
async fn an_optional_session_is_none_without_the_layer_and_some_with_it() {
    let log = Log::capture();
    let routes = session_warp::optional_session()
        .map(|session: Option<Session>| session.is_some().to_string());
    let sessions = TestSessions::new();
    let mut guest = sessions.guest();
    assert_eq!(ask_routes(&routes, &mut guest, "GET /").await.body, "false");
    assert!(log.take().is_empty(), "it may be missing");
    let app = session_warp::service(routes, sessions.manager());
    assert_eq!(ask(&app, &mut guest, "GET /").await.body, "true");
}

/// A store that is down is no missing layer.
#[tokio::test]
async fn an_optional_session_is_503_where_the_store_is_down() {
    let (probe, sessions) =
        probed(|builder| builder.opening(Opening::Lazy).on_outage(OnOutage::Refuse));
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let optional = session_warp::optional_session().map(|_| "served");
    let session = session_warp::session().map(|_| "served");
    let routes = warp::path!("optional")
        .and(optional)
        .or(warp::path!("session").and(session))
        .or(warp::path!("none").map(|| "served"));
    let app = session_warp::service(routes, sessions.manager());
    for path in ["GET /optional", "GET /session"] {
        let answer = ask(&app, &mut ada, path).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, "Service Unavailable");
        assert!(answer.is_silent(), "the client keeps its cookie: {answer}");
    }
    assert_eq!(ask(&app, &mut ada, "GET /none").await.body, "served");
}

#[tokio::test]
async fn a_test_gives_a_handler_its_session_as_an_extension() {
    let routes = session_warp::session().then(visits);
    let session = testing::session(|session| session.put("visits", 41));
    let request = warp::test::request().extension(session.clone());
    assert_eq!(request.reply(&routes).await.body(), "42");
    assert_eq!(session.get::<u32>("visits").unwrap(), Some(42));

    // The filter alone, and without a reply.
    let request = warp::test::request().extension(session.clone());
    let extracted = request.filter(&session_warp::session()).await.unwrap();
    assert_eq!(extracted.get::<u32>("visits").unwrap(), Some(42));

    let request = warp::test::request().extension(testing::unavailable());
    assert_eq!(request.reply(&routes).await.status(), 503);
}

#[tokio::test]
async fn a_test_gives_code_far_from_the_handler_its_session_as_a_scope() {
    let session = testing::session(|session| session.put("a", 1));
    let routes = warp::any().then(far_away);
    let reply = session.scope(warp::test::request().reply(&routes)).await;
    assert_eq!(reply.body(), r#"{"a":1,"far":true}"#);
}

/// Both have the same manager: the outer one counts.
#[tokio::test]
async fn a_layer_around_the_service_and_its_own_are_one() {
    let log = Log::capture();
    let sessions = TestSessions::new();
    let routes = session_warp::session().then(visits);
    let app = session_warp::service(routes, sessions.manager());
    let app = SessionLayer::new(sessions.manager()).layer(app);
    let mut ada = sessions.guest();
    let answer = ask(&app, &mut ada, "GET /").await;
    assert_eq!(answer.body, "1");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(ask(&app, &mut ada, "GET /").await.body, "2");
    let warning = "WARN session: session layer inside another: the inner one does nothing";
    assert_eq!(log.count(warning), 1, "{}", log.text());
}
