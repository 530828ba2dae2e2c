//! Inner services that fail, and clients that disconnect.

use http::{Request, Response};
use session_tower::{Session, SessionLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{memory, probed, request, store, stored};

#[derive(Clone, Debug, PartialEq)]
struct Broken(&'static str);

async fn put_and_fail(_: Request<String>) -> Result<Response<String>, Broken> {
    Session::current().unwrap().put("tried", true).unwrap();
    Err(Broken("pipe"))
}

#[tokio::test]
async fn a_failing_service_saves_its_session_and_keeps_its_error() {
    let manager = memory();
    let cookie = store(&manager, "user", 42).await;
    let service = SessionLayer::new(manager.clone()).layer(service_fn(put_and_fail));
    let error = service.oneshot(request(&cookie)).await.unwrap_err();
    assert_eq!(error, Broken("pipe"));
    let data = stored(&manager, &cookie).await;
    assert_eq!(data, r#"{"tried":true,"user":42}"#);
}

#[tokio::test]
async fn a_failing_save_does_not_replace_the_services_error() {
    let (probe, manager) = probed(|builder| builder);
    let cookie = store(&manager, "user", 42).await;
    let before = probe.writes();
    probe.break_writes(true);
    let service = SessionLayer::new(manager).layer(service_fn(put_and_fail));
    let error = service.oneshot(request(&cookie)).await.unwrap_err();
    assert_eq!(error, Broken("pipe"));
    assert_eq!(probe.writes(), before + 1);
}

#[test]
fn an_unfinished_commit_is_dropped_outside_a_runtime() {
    let rest = Box::pin(async { unreachable!("there is no runtime") });
    session_tower::adapter::spawn_unfinished(rest);
}
