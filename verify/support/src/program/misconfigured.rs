//! Invalid settings: the program prints one line that names the variable and exits with an error
//! code, without a panic.

use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt;

use super::{Playground, Test, run, tests};

pub(super) const TESTS: &[Test] = tests![
    s29_an_unusable_secret_prevents_startup,
    an_invalid_value_is_reported_with_its_remedy,
    an_invalid_address_is_reported,
    a_port_in_use_is_reported,
    an_invalid_filter_is_reported,
    a_value_that_is_not_utf_8_is_reported,
    a_playground_setting_that_is_not_utf_8_is_reported,
];

/// With the feature `redis`.
pub(super) const WITH_REDIS: &[Test] = tests![an_unreachable_redis_is_reported];

/// Without the feature `redis`.
pub(super) const WITHOUT_REDIS: &[Test] = tests![a_missing_driver_is_reported];

/// Runs the program with these variables and returns the only line on stderr, without the program's
/// name.
async fn complaint<V: AsRef<OsStr>>(playground: Playground, vars: &[(&str, V)]) -> String {
    let output = run(playground, vars).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{text}");
    let (name, line) = lines[0].split_once(": ").unwrap();
    assert_eq!(name, playground.name);
    line.to_owned()
}

async fn s29_an_unusable_secret_prevents_startup(playground: Playground) {
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
        let line = complaint(playground, &[(variable, secret)]).await;
        assert_eq!(line, format!("{variable}: {problem}; {remedy}"));
        assert!(!line.contains("too short"));
    }
}

async fn an_invalid_value_is_reported_with_its_remedy(playground: Playground) {
    for (variable, value, rest) in [
        (
            "SESSION_DRIVER",
            "nonsense",
            "\"nonsense\" is invalid; use cookie, memory, redis, postgres, mysql or sqlite",
        ),
        (
            "SESSION_LIFETIME",
            "abc",
            "\"abc\" is invalid; use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_LIFETIME",
            "-1",
            "\"-1\" is invalid; use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_SECURE",
            "maybe",
            "\"maybe\" is invalid; use true or false",
        ),
        (
            "PERSISTENT_COOKIE",
            "maybe",
            "\"maybe\" is invalid; use true or false",
        ),
        (
            "SESSION_SAME_SITE",
            "x",
            "\"x\" is invalid; use lax, strict or none",
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
        let line = complaint(playground, &[(variable, value)]).await;
        assert_eq!(line, format!("{variable}: {rest}"));
    }
}

async fn a_missing_driver_is_reported(playground: Playground) {
    let line = complaint(playground, &[("SESSION_DRIVER", "redis")]).await;
    let expected = "SESSION_DRIVER: the redis driver is not built in; enable the feature ";
    assert!(line.starts_with(expected), "{line}");
}

async fn an_unreachable_redis_is_reported(playground: Playground) {
    let line = complaint(
        playground,
        &[
            ("SESSION_DRIVER", "redis"),
            ("REDIS_URL", "redis://127.0.0.1:1"),
        ],
    )
    .await;
    assert!(
        line.starts_with("REDIS_URL: points to a server that does not respond; "),
        "{line}"
    );
}

async fn an_invalid_address_is_reported(playground: Playground) {
    for (variable, value) in [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", ""),
        ("HOST", "no such host"),
        ("HOST", "256.0.0.1"),
    ] {
        let line = complaint(playground, &[(variable, value)]).await;
        assert!(line.starts_with("cannot listen on "), "{line}");
        assert!(line.contains(variable), "{line}");
    }
}

async fn a_port_in_use_is_reported(playground: Playground) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let line = complaint(playground, &[("PORT", &port)]).await;
    let expected =
        format!("cannot listen on 127.0.0.1:{port} (HOST, PORT): Address already in use");
    assert!(line.starts_with(&expected), "{line}");
}

async fn an_invalid_filter_is_reported(playground: Playground) {
    for filter in ["session=loud", "a=b=c"] {
        let line = complaint(playground, &[("RUST_LOG", filter)]).await;
        assert!(line.starts_with("RUST_LOG: "), "{filter}: {line}");
    }
}

async fn a_value_that_is_not_utf_8_is_reported(playground: Playground) {
    for variable in [
        "SESSION_SECRET",
        "APP_KEY",
        "SESSION_DRIVER",
        "SESSION_COOKIE",
        "SESSION_LIFETIME",
        "REDIS_URL",
    ] {
        let line = complaint(playground, &[(variable, OsString::from_vec(vec![0xff]))]).await;
        assert_eq!(line, format!("{variable}: is not UTF-8; set it again"));
    }
}

async fn a_playground_setting_that_is_not_utf_8_is_reported(playground: Playground) {
    for variable in ["HOST", "PORT", "RUST_LOG", "PERSISTENT_COOKIE"] {
        let line = complaint(playground, &[(variable, OsString::from_vec(vec![0xff]))]).await;
        assert!(line.contains(variable), "{line}");
    }
}
