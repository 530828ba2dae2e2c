//! Layers inside layers.

use std::convert::Infallible;

use http::header::SET_COOKIE;
use http::{Request, Response};
use session_tower::{Session, SessionLayer};
use test_support::Log;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::common::{cookie, probed, request, values};

/// The only test here that nests layers of one manager: the warning appears once per process.
#[tokio::test]
async fn s20_an_inner_layer_passes_requests_through_and_warns_once() {
    let log = Log::capture();
    let (outer, outer_manager) = probed(|builder| builder);
    let (inner, inner_manager) = probed(|builder| builder);
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(outer_manager.clone()))
        .layer(SessionLayer::new(inner_manager))
        .layer(SessionLayer::new(outer_manager))
        .service(service_fn(|_: Request<String>| async {
            let session = Session::current().unwrap();
            let visits = session.update("visits", 0, |visits| visits + 1).unwrap();
            Ok::<_, Infallible>(Response::new(visits.to_string()))
        }));
    let first = service.clone().oneshot(request("")).await.unwrap();
    assert_eq!(values(&first, SET_COOKIE).len(), 1);
    let second = service.oneshot(request(&cookie(&first))).await.unwrap();
    let body = second.into_body().into_inner().unwrap();
    let body = body.into_inner().unwrap().into_inner();
    assert_eq!(body.as_deref(), Some("2"));
    assert_eq!((outer.driver.len(), inner.driver.len()), (1, 0));
    assert_eq!(inner.loads(), 0);
    let warning = "WARN session: ";
    assert_eq!(log.count(warning), 1, "{}", log.text());
    // Layers of different managers are a mistake that every request shows.
    let mistake = "ERROR session: ";
    assert_eq!(log.count(mistake), 2, "{}", log.text());
}
