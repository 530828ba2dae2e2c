//! Settings that cannot work: a line that names the variable, an exit code, and no panic.

mod common;

use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt;

use common::program::run;

/// Runs with these variables; returns the one line on stderr, without the program's name.
async fn complaint<V: AsRef<OsStr>>(vars: &[(&str, V)]) -> String {
    let output = run(vars).await;
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{text}");
    let line = lines[0].strip_prefix("axum-playground: ");
    line.expect("the program's name").to_owned()
}

#[tokio::test]
async fn s29_an_unusable_secret_cannot_start_it() {
    let remedy = "generate one with `openssl rand -base64 32`";
    for (variable, secret, problem) in [
        (
            "SESSION_SECRET",
            "too short",
            "has 9 bytes, at least 32 are needed",
        ),
        (
            "APP_KEY",
            "base64:too short",
            "has 9 bytes, at least 32 are needed",
        ),
        ("SESSION_SECRET", "", "is empty"),
        (
            "SESSION_SECRET",
            "change-me-in-production",
            "is a placeholder that anyone can guess",
        ),
    ] {
        let line = complaint(&[(variable, secret)]).await;
        assert_eq!(line, format!("{variable}: {problem}; {remedy}"));
        assert!(!line.contains("too short"));
    }
}

#[tokio::test]
async fn an_impossible_value_is_named_with_its_remedy() {
    for (variable, value, rest) in [
        (
            "SESSION_DRIVER",
            "nonsense",
            "\"nonsense\" is not possible; use cookie, memory or redis",
        ),
        (
            "SESSION_LIFETIME",
            "abc",
            "\"abc\" is not possible; use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_LIFETIME",
            "-1",
            "\"-1\" is not possible; use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_SECURE",
            "maybe",
            "\"maybe\" is not possible; use true or false",
        ),
        (
            "SESSION_SAME_SITE",
            "x",
            "\"x\" is not possible; use lax, strict or none",
        ),
        (
            "SESSION_COOKIE",
            "a b",
            "\"a b\" contains ' '; use letters, digits, '-' and '_' (RFC 6265, cookie-name)",
        ),
        (
            "SESSION_COOKIE",
            "",
            "is empty; use letters, digits, '-' and '_' (RFC 6265, cookie-name)",
        ),
        (
            "SESSION_COOKIE",
            "__Host-session",
            "the prefix of \"__Host-session\" demands Secure, Path=/ and no Domain; \
             change the options or the name (RFC 6265bis, cookie name prefixes)",
        ),
        (
            "SESSION_PATH",
            "/\r\nSet-Cookie: a=b",
            "\"/\\r\\nSet-Cookie: a=b\" contains '\\r'; use a path such as \"/\" (RFC 6265, path-value)",
        ),
        (
            "SESSION_DOMAIN",
            "a;b",
            "\"a;b\" contains ';'; use a host name such as \"example.com\" (RFC 6265, domain-value)",
        ),
    ] {
        let line = complaint(&[(variable, value)]).await;
        assert_eq!(line, format!("{variable}: {rest}"));
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_driver_that_is_not_built_in_is_named() {
    let line = complaint(&[("SESSION_DRIVER", "redis")]).await;
    let expected = "SESSION_DRIVER: the driver redis is not built in; turn on the feature ";
    assert!(line.starts_with(expected), "{line}");
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_that_cannot_be_reached_is_named() {
    let line = complaint(&[
        ("SESSION_DRIVER", "redis"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
    ])
    .await;
    assert!(
        line.starts_with("REDIS_URL: leads to no server that answers; "),
        "{line}"
    );
}

#[tokio::test]
async fn an_impossible_address_is_named() {
    for (variable, value) in [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", ""),
        ("HOST", "no such host"),
        ("HOST", "256.0.0.1"),
    ] {
        let line = complaint(&[(variable, value)]).await;
        assert!(line.starts_with("cannot listen on "), "{line}");
        assert!(line.contains(variable), "{line}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("a port").port().to_string();
    let line = complaint(&[("PORT", &port)]).await;
    let expected =
        format!("cannot listen on 127.0.0.1:{port} (HOST, PORT): Address already in use");
    assert!(line.starts_with(&expected), "{line}");
}

#[tokio::test]
async fn an_impossible_filter_is_named() {
    for filter in ["session=loud", "a=b=c"] {
        let line = complaint(&[("RUST_LOG", filter)]).await;
        assert!(line.starts_with("RUST_LOG: "), "{filter}: {line}");
    }
}

#[tokio::test]
async fn a_value_that_is_not_utf_8_is_named() {
    for variable in [
        "SESSION_SECRET",
        "APP_KEY",
        "SESSION_DRIVER",
        "SESSION_COOKIE",
        "SESSION_LIFETIME",
        "REDIS_URL",
    ] {
        let line = complaint(&[(variable, OsString::from_vec(vec![0xff]))]).await;
        assert_eq!(line, format!("{variable}: is not UTF-8; set it anew"));
    }
}

#[tokio::test]
async fn a_setting_of_the_playground_that_is_not_utf_8_is_named() {
    for variable in ["HOST", "PORT", "RUST_LOG"] {
        let line = complaint(&[(variable, OsString::from_vec(vec![0xff]))]).await;
        assert!(line.contains(variable), "{line}");
    }
}
