//! The headers of responses.

use std::convert::Infallible;

use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{Request, Response};
use session_tower::{Session, SessionLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{memory, request, store, values};

/// Each of them alone: the routes of the scenarios use several.
#[tokio::test]
async fn s25_every_way_to_read_makes_the_response_vary_by_cookie() {
    let manager = memory();
    let cookie = store(&manager, "user", 42).await;
    let readers: [fn(&Session); 6] = [
        |session| drop(session.get::<u32>("user")),
        |session| assert!(session.has("user")),
        |session| drop(session.all()),
        |session| drop(session.get_flash::<u32>("notice")),
        |session| assert!(!session.is_new()),
        |session| drop(session.id()),
    ];
    for (n, read) in readers.into_iter().enumerate() {
        let service = SessionLayer::new(manager.clone()).layer(service_fn(
            move |_: Request<String>| async move {
                read(&Session::current().unwrap());
                Ok::<_, Infallible>(Response::new(String::new()))
            },
        ));
        let response = service.oneshot(request(&cookie)).await.unwrap();
        assert_eq!(values(&response, VARY), ["Cookie"], "reader {n}");
        for absent in [CACHE_CONTROL, SET_COOKIE] {
            assert!(!response.headers().contains_key(absent), "reader {n}");
        }
    }
}

/// Other middleware may log the headers of a response.
#[tokio::test]
async fn s26_logged_headers_do_not_show_the_token() {
    let service = SessionLayer::new(memory()).layer(service_fn(|_: Request<String>| async {
        Session::current().unwrap().put("user", 42).unwrap();
        Ok::<_, Infallible>(Response::new(String::new()))
    }));
    let response = service.oneshot(request("")).await.unwrap();
    let shown = format!("{:?}", response.headers());
    assert!(shown.contains("Sensitive"), "{shown}");
    assert!(!shown.contains("session="), "{shown}");
}
