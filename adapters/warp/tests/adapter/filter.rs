//! The session as a handler's argument.

use session_warp::testing;
use session_warp::{OnOutage, Opening, Session};
use warp::Filter;

use crate::common::{Done, probed, send, visits};

/// An outage is not a missing layer.
#[tokio::test]
async fn an_optional_session_is_503_while_the_store_is_down() {
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
    for request in ["GET /optional", "GET /session"] {
        let answer = send(&app, &mut ada, request).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, "Service Unavailable");
        assert!(answer.is_silent(), "the client keeps its cookie: {answer}");
    }
    assert_eq!(send(&app, &mut ada, "GET /none").await.body, "served");
}

/// Before any route runs.
#[tokio::test]
async fn every_request_is_503_if_sessions_open_first() {
    let (probe, sessions) = probed(|builder| builder.on_outage(OnOutage::Refuse));
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let app = session_warp::service(warp::any().map(|| "served"), sessions.manager());
    let answer = send(&app, &mut ada, "GET /").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    assert!(answer.is_silent(), "{answer}");
}

#[tokio::test]
async fn a_test_can_pass_a_session_as_an_extension() {
    let routes = session_warp::session().then(visits);
    let session = testing::session(|session| session.put("visits", 41));
    let request = warp::test::request().extension(session.clone());
    assert_eq!(request.reply(&routes).await.body(), "42");
    assert_eq!(session.get::<u32>("visits").unwrap(), Some(42));

    // The filter alone, without a reply.
    let request = warp::test::request().extension(session.clone());
    let extracted = request.filter(&session_warp::session()).await.unwrap();
    assert_eq!(extracted.get::<u32>("visits").unwrap(), Some(42));

    let request = warp::test::request().extension(testing::unavailable());
    assert_eq!(request.reply(&routes).await.status(), 503);
}

#[tokio::test]
async fn a_test_can_set_the_current_session() {
    async fn far_away() -> Done<String> {
        Session::current()?.put("far", true)?;
        Ok(Session::current()?.all().to_json())
    }
    let session = testing::session(|session| session.put("a", 1));
    let routes = warp::any().then(far_away);
    let reply = session.scope(warp::test::request().reply(&routes)).await;
    assert_eq!(reply.body(), r#"{"a":1,"far":true}"#);
}
