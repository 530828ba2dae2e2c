//! Layers inside layers.

use std::convert::Infallible;

use http::header::SET_COOKIE;
use http::{Request, Response};
use session_tower::{CookieOptions, Session, SessionLayer, SessionManager};
use test_support::Log;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::common::{probed, request, store, values};

async fn count(_: Request<String>) -> Result<Response<String>, Infallible> {
    let session = Session::current().unwrap();
    let visits = session.update("visits", 0, |visits| visits + 1).unwrap();
    Ok(Response::new(visits.to_string()))
}

/// Answers with the status, the body, and the number of cookies.
async fn send(
    outer: &SessionManager,
    inner: &SessionManager,
    cookie: &str,
) -> (u16, String, usize) {
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(outer.clone()))
        .layer(SessionLayer::new(inner.clone()))
        .service(service_fn(count));
    let response = service.oneshot(request(cookie)).await.unwrap();
    let (status, cookies) = (response.status(), values(&response, SET_COOKIE).len());
    let body = response.into_body().into_inner();
    let body = body.and_then(session_tower::ResponseBody::into_inner);
    (status.as_u16(), body.unwrap_or_default(), cookies)
}

/// The only test here with a layer inside itself: the warning appears once per process.
#[tokio::test]
async fn s20_a_layer_inside_itself_passes_requests_through_and_warns_once() {
    let log = Log::capture();
    let (probe, manager) = probed(|builder| builder);
    let cookie = store(&manager, "visits", 1).await;
    let loads = probe.loads();
    assert_eq!(send(&manager, &manager, &cookie).await.1, "2");
    assert_eq!(send(&manager, &manager, &cookie).await.1, "3");
    assert_eq!(probe.loads() - loads, 2);
    assert_eq!(log.count("WARN session: "), 1, "{}", log.text());
}

#[tokio::test]
async fn s40_a_layer_of_other_sessions_and_another_name_works_inside() {
    let (outer, shop) = probed(|builder| builder);
    let (inner, admin) = probed(|builder| builder.cookie(CookieOptions::default().name("admin")));
    let answer = send(&shop, &admin, "").await;
    assert_eq!(
        answer,
        (200, "1".to_owned(), 1),
        "only the inner session has something to store"
    );
    assert_eq!((outer.driver.len(), inner.driver.len()), (0, 1));
}

#[tokio::test]
async fn s40_a_layer_of_other_sessions_with_the_same_name_answers_with_500() {
    let log = Log::capture();
    let (outer, shop) = probed(|builder| builder);
    let (inner, admin) = probed(|builder| builder);
    assert_eq!(send(&shop, &admin, "").await, (500, String::new(), 0));
    assert_eq!((outer.driver.len(), inner.driver.len()), (0, 0));
    // Every request shows the mistake.
    send(&shop, &admin, "").await;
    assert_eq!(log.count("ERROR session: "), 2, "{}", log.text());
}
