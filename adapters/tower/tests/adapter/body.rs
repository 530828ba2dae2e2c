//! The bodies of responses.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{client, server};
use hyper_util::rt::TokioIo;
use session_tower::{OnOutage, ResponseBody, Session, SessionLayer};
use test_support::Log;
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{cookie, memory, probed, request, store};

/// Fetches a page over HTTP, as a proxy does. Only hyper can create such a body.
async fn fetch() -> Response<Incoming> {
    let (here, there) = tokio::io::duplex(1024);
    let page = hyper::service::service_fn(|_| async {
        Ok::<_, Infallible>(Response::new("a page".to_owned()))
    });
    tokio::spawn(server::conn::http1::Builder::new().serve_connection(TokioIo::new(there), page));
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(here))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
        .send_request(Request::new(Empty::<Bytes>::new()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_body_without_a_default_passes_through() {
    let service = SessionLayer::new(memory()).layer(service_fn(|_: Request<String>| async {
        Session::current().unwrap().put("user", 42).unwrap();
        Ok::<_, Infallible>(fetch().await)
    }));
    let response = service.oneshot(request("")).await.unwrap();
    cookie(&response);
    assert_eq!(response.body().size_hint().exact(), Some(6));
    assert!(!response.body().is_end_stream());
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "a page");
}

#[tokio::test]
async fn a_refused_request_gets_an_empty_body() {
    let log = Log::capture();
    let (probe, manager) = probed(|builder| builder.on_outage(OnOutage::Refuse));
    let cookie = store(&manager, "user", 42).await;
    probe.break_loads(true);
    let service = SessionLayer::new(manager).layer(service_fn(|_: Request<String>| async {
        panic!("the handler ran");
        #[allow(unreachable_code, reason = "it names the type")]
        Ok::<Response<Incoming>, Infallible>(fetch().await)
    }));
    let response = service.oneshot(request(&cookie)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().is_empty());
    assert_eq!(response.body().size_hint().exact(), Some(0));
    assert!(response.body().is_end_stream());
    let body = response.into_body().collect().await.unwrap();
    assert!(body.to_bytes().is_empty());
    assert_eq!(log.count("ERROR"), 1, "{}", log.text());
}

/// So that other layers can create one too.
#[test]
fn the_default_body_is_empty() {
    assert!(ResponseBody::<Incoming>::default().into_inner().is_none());
}
