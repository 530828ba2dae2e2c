//! A handler that takes a session on a route without the layer.

use std::process::Command;

use http::{Method, StatusCode};
use session_tower::{Error, ErrorKind, adapter};
use test_support::Log;

fn missing() -> Error {
    adapter::missing_session(&Method::GET, "/visits", "add the layer")
}

#[test]
fn the_log_names_the_route_and_the_fix() {
    let log = Log::capture();
    adapter::log_failure(&missing());
    let [line] = &log.take()[..] else {
        panic!("not one line")
    };
    assert!(line.starts_with("ERROR session: request failed error="));
    assert!(line.ends_with("cause=\"GET /visits has no session: add the layer\""));
}

#[test]
fn only_debug_builds_name_the_fix_in_the_response() {
    let (status, body) = adapter::status_and_body(&missing());
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let explained = body.starts_with("GET /visits has no session: add the layer\n");
    assert_eq!(explained, cfg!(debug_assertions), "{body}");
    // Any other cause stays inside.
    let secret = Error::new(ErrorKind::Missing).with_source("secret");
    let (_, body) = adapter::status_and_body(&secret);
    assert_eq!(body, "Internal Server Error");
}

#[test]
fn without_a_subscriber_the_first_is_written_to_stderr() {
    // A process without a subscriber: this test again.
    const CHILD: &str = "SESSION_TOWER_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        adapter::log_failure(&missing());
        adapter::log_failure(&missing());
        return;
    }
    let name = "missing::without_a_subscriber_the_first_is_written_to_stderr";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(child.status.success());
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(
        stderr.trim_end(),
        "session: GET /visits has no session: add the layer"
    );
}
