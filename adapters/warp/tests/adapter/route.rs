//! The session of a single route, without the layer.

use session_warp::testing::TestSessions;
use session_warp::{
    CookieDriver, OnOutage, OnSaveFailure, RouteSession, Secret, Session, SessionManager,
    route_session,
};
use test_support::Log;
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply};

use crate::common::{Browser, Done, probed, send, send_to_routes, stored, visits};

/// `GET /visits`, `GET /name/{name}` for a name of letters, and `GET /health` without a session.
fn routes(
    sessions: SessionManager,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let counted = warp::path!("visits")
        .and(route_session(sessions.clone()))
        .then(|route: RouteSession| route.run(visits));
    let named = warp::path!("name" / String)
        .and_then(only_letters)
        .and(route_session(sessions))
        .then(|name, route: RouteSession| route.run(|session| rename(session, name)));
    counted.or(named).or(warp::path!("health").map(|| "ok"))
}

async fn only_letters(name: String) -> Result<String, Rejection> {
    match name.chars().all(char::is_alphabetic) {
        true => Ok(name),
        false => Err(warp::reject::not_found()),
    }
}

async fn rename(session: Session, name: String) -> Done<String> {
    let before = session.get_flash_or("notice", String::new())?;
    session.put("name", name)?;
    Session::current()?.flash("notice", "Saved!")?;
    Ok(before)
}

#[tokio::test]
async fn a_route_under_warps_own_server_has_a_session() {
    let sessions = TestSessions::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let browser = Browser::new(&format!("http://{}", listener.local_addr().unwrap()));
    let server = warp::serve(routes(sessions.manager())).incoming(listener);
    tokio::spawn(server.run());
    let first = browser.get("/visits").await;
    assert_eq!(first.body, "1");
    assert_eq!(first.header("cache-control"), "no-store");
    assert_eq!(first.header("vary"), "Cookie");
    let second = browser.with_cookie("/visits", &first.cookie()).await;
    assert_eq!(second.body, "2");
    let answer = browser.with_cookie("/health", &first.cookie()).await;
    assert!(answer.is_silent(), "{answer}");
}

#[tokio::test]
async fn flash_waits_for_the_next_route_with_a_session() {
    let sessions = TestSessions::new();
    let routes = routes(sessions.manager());
    let mut ada = sessions.guest();
    assert_eq!(
        send_to_routes(&routes, &mut ada, "GET /name/Ada")
            .await
            .body,
        ""
    );
    assert_eq!(stored(&ada).await, r#"{"name":"Ada"} {"notice":"Saved!"}"#);
    // A route without a session, a rejection before the handler, and a missing route.
    for path in ["GET /health", "GET /name/4da", "GET /nothing"] {
        let answer = send_to_routes(&routes, &mut ada, path).await;
        assert!(answer.is_silent(), "{answer}");
    }
    let answer = send_to_routes(&routes, &mut ada, "GET /name/Ada").await;
    assert_eq!(answer.body, "Saved!");
}

#[tokio::test]
async fn all_cookie_headers_are_read() {
    let sessions = TestSessions::new();
    let ada = sessions.visitor(|session| session.put("visits", 6)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let browser = Browser::new(&format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(
        warp::serve(routes(sessions.manager()))
            .incoming(listener)
            .run(),
    );
    let cookie = ada.cookie();
    let headers = [
        ("cookie", b"session=forged".as_slice()),
        ("cookie", cookie.as_bytes()),
    ];
    let method = warp::http::Method::GET;
    let answer = browser.with_headers(method, "/visits", &headers).await;
    assert_eq!(answer.body, "7");
}

#[tokio::test]
async fn an_error_is_a_reply_and_earlier_writes_are_saved() {
    let large = |session: Session| async move {
        session.put("a", 1)?;
        session.put("b", "x".repeat(5000))?;
        Done::Ok("never")
    };
    let sessions =
        TestSessions::with(|_| SessionManager::builder(CookieDriver, Secret::generate().unwrap()));
    let routes =
        route_session(sessions.manager()).then(move |route: RouteSession| route.run(large));
    let mut ada = sessions.guest();
    let answer = send_to_routes(&routes, &mut ada, "GET /").await;
    assert_eq!(answer.status, 413);
    assert_eq!(stored(&ada).await, r#"{"a":1} {}"#);
}

#[tokio::test]
async fn a_store_that_is_down_is_503_if_the_manager_refuses() {
    let (probe, sessions) = probed(|builder| {
        let builder = builder.on_outage(OnOutage::Refuse);
        builder.on_save_failure(OnSaveFailure::Refuse)
    });
    let routes = routes(sessions.manager());
    let mut ada = sessions.visitor(|session| session.put("visits", 6)).await;
    probe.break_loads(true);
    let answer = send_to_routes(&routes, &mut ada, "GET /visits").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    probe.break_loads(false);
    probe.break_writes(true);
    let answer = send_to_routes(&routes, &mut ada, "GET /visits").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    probe.break_writes(false);
    assert_eq!(
        send_to_routes(&routes, &mut ada, "GET /visits").await.body,
        "7"
    );
}

#[tokio::test]
async fn a_route_under_a_layer_of_other_sessions_with_the_same_name_answers_with_500() {
    let log = Log::capture();
    let (outer, inner) = (TestSessions::new(), TestSessions::new());
    let app = session_warp::service(routes(inner.manager()), outer.manager());
    let answer = send(&app, &mut outer.guest(), "GET /visits").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (500, 0));
    assert_eq!(
        log.count("ERROR session: session layer inside one of other sessions"),
        1,
        "{}",
        log.text()
    );
}
