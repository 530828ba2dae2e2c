//! Settings in a file, read by serde.

use std::time::Duration;

use pollster::block_on;
use session_core::{
    CookieOptions, DriverName, MemoryDriver, PlainRecords, SameSite, SessionConfig,
};

use crate::common::{HOUR, MINUTE, SECRET, clock};

fn read(json: &str) -> Result<SessionConfig, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn an_empty_file_is_the_default_without_a_secret() {
    let config = read("{}").unwrap();
    assert_eq!(config.driver(), DriverName::Cookie);
    assert_eq!(config.cookie(), &CookieOptions::default());
    assert_eq!(config.prefix(), "session:");
    let expected = "secret: is not set; generate one with `openssl rand -base64 32`";
    assert_eq!(config.key_ring().unwrap_err().to_string(), expected);
    let error = config.builder(MemoryDriver::new()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

/// Security checklist, statement 38: nothing is stored in the clear by mistake.
#[test]
fn s38_settings_that_ask_for_encryption_reject_a_driver_without_it() {
    let config = read(&format!(r#"{{"secret":"{SECRET}","encrypt":true}}"#)).unwrap();
    let error = config.builder(MemoryDriver::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "encrypt: is on, but the driver does not encrypt; \
         wrap it in `Sealed`, use `CookieDriver::encrypted`, or turn it off"
    );
    // While encryption is turned on or off, nothing that is written is encrypted.
    let json = format!(r#"{{"secret":"{SECRET}","encrypt":true,"plain_records":"write"}}"#);
    assert!(read(&json).unwrap().builder(MemoryDriver::new()).is_ok());
}

#[test]
fn every_setting_is_read() {
    let config = read(&format!(
        r#"{{
            "driver": "memory",
            "secret": "{SECRET}",
            "previous_secrets": ["an-old-secret-0123456789abcdef-0123456789"],
            "lifetime": 30,
            "absolute_lifetime": 60,
            "cookie": {{
                "name": "sid", "path": "/app", "domain": "example.com", "secure": true, "http_only": false,
                "same_site": "none", "partitioned": true, "persistent": false
            }},
            "renewal": "on_write",
            "establish": "always",
            "opening": "lazy",
            "on_outage": "refuse",
            "on_save_failure": "refuse",
            "caching": "off",
            "token_headers": {{ "response": "x-next-token" }},
            "clear_site_data": "cache",
            "accept_without_expiry": true,
            "plain_records": "write",
            "pad_cookie": true,
            "redis_url": "redis://cache",
            "prefix": "app:"
        }}"#
    ))
    .unwrap();
    assert_eq!(config.driver(), DriverName::Memory);
    assert_eq!(config.redis_url(), Some("redis://cache"));
    assert_eq!(config.plain_records(), PlainRecords::Write);
    assert!(config.pads_cookie() && !config.encrypts());
    assert_eq!(config.prefix(), "app:");
    assert_eq!(config.token_headers(), ("authorization", "x-next-token"));
    let expected = CookieOptions::default()
        .name("sid")
        .path("/app")
        .domain("example.com")
        .http_only(false)
        .same_site(SameSite::None)
        .partitioned(true)
        .persistent(false);
    assert_eq!(config.cookie(), &expected);

    // Settings without a getter show in the manager's behavior.
    let clock = clock();
    let driver = MemoryDriver::new().with_clock(clock.clone());
    let builder = config.builder(driver).unwrap().clock(clock.clone());
    let manager = builder.build().unwrap();
    assert!(manager.opens_lazily());
    assert_eq!(manager.lifetime(), 30 * MINUTE);
    let visit = block_on(manager.open(None)).unwrap();
    let token = crate::common::token(&block_on(manager.commit(&visit)).unwrap());
    for _ in 0..2 {
        clock.advance(29 * MINUTE);
        let session = block_on(manager.open([&*token])).unwrap();
        assert!(!session.is_new());
        session.put("a", 1).unwrap();
        block_on(manager.commit(&session)).unwrap();
    }
    clock.advance(2 * MINUTE);
    assert!(
        block_on(manager.open([&*token])).unwrap().is_new(),
        "60 minutes in total"
    );
}

#[test]
fn a_mistake_in_the_file_is_an_error() {
    for (json, error) in [
        (
            r#"{"lifetme":30}"#,
            "lifetme: is not a setting; use driver, secret, ",
        ),
        (
            r#"{"cookie":{"http-only":true}}"#,
            "cookie.http-only: is not a setting; use name, path, ",
        ),
        (
            r#"{"driver":"file"}"#,
            "driver: is a string; write one of `cookie`, `memory`, `redis`",
        ),
        (
            r#"{"renewal":"never"}"#,
            "renewal: is a string; write one of `on_use`, `on_write`, `always`",
        ),
        (
            r#"{"lifetime":"30"}"#,
            "lifetime: is a string; write a number of minutes",
        ),
        (
            r#"{"lifetime":-1}"#,
            "lifetime: is a number; write a number of minutes",
        ),
        (
            r#"{"token_headers":"x-token"}"#,
            "token_headers: is a string; write a table",
        ),
        (
            r#"{"token_headers":{"request":1}}"#,
            "token_headers.request: is a number; write a string",
        ),
        (
            r#"{"token_headers":{"request":"X-Token"}}"#,
            "token_headers.request: cannot carry a token; use the name of a header of your own, in lower case",
        ),
        (
            r#"{"token_headers":{"response":"set-cookie"}}"#,
            "token_headers.response: cannot carry a token; use the name of a header of your own, in lower case",
        ),
        (
            r#"{"token_headers":{"answer":"x-token"}}"#,
            "token_headers.answer: is not a setting; use request, response",
        ),
        (
            r#"{"secret":"short"}"#,
            "secret: has 5 bytes, at least 32 are needed; generate one with `openssl rand -base64 32`",
        ),
    ] {
        let found = read(json).unwrap_err();
        assert!(found.starts_with(error), "{found}");
    }
}

#[test]
fn inconsistent_settings_fail_in_build() {
    let build = |settings: &str| {
        let config = read(&format!(r#"{{"secret":"{SECRET}",{settings}}}"#)).unwrap();
        let builder = config.builder(MemoryDriver::new()).unwrap();
        builder.build().unwrap_err().to_string()
    };
    assert_eq!(
        build(r#""lifetime":0"#),
        "lifetime: is zero; use at least a second; the default is 120 minutes"
    );
    assert_eq!(
        build(r#""absolute_lifetime":60"#),
        "absolute lifetime: is shorter than the lifetime; raise it or lower the lifetime"
    );
    assert_eq!(
        build(r#""cookie":{"name":"__Host-s","path":"/app"}"#),
        "cookie name: the prefix of \"__Host-s\" demands Secure, Path=/ and no Domain; \
         change the options or the name (RFC 6265bis, cookie name prefixes)"
    );
}

#[test]
fn the_cookie_options_can_be_replaced_after_reading() {
    let config = read(&format!(r#"{{"secret":"{SECRET}","lifetime":90}}"#)).unwrap();
    let config = config.with_cookie(CookieOptions::default().name("other"));
    let manager = config
        .builder(MemoryDriver::new())
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(manager.cookie_name(), "other");
    assert_eq!(manager.lifetime(), HOUR + Duration::from_secs(1800));
}

#[test]
fn durations_may_have_fractions() {
    let config = read(&format!(
        r#"{{"secret":"{SECRET}","lifetime":1.5,"grace":0.25}}"#
    ))
    .unwrap();
    let builder = config.builder(MemoryDriver::new()).unwrap();
    let manager = builder.build().unwrap();
    assert_eq!(manager.lifetime(), Duration::from_secs(90));
    assert!(manager.settings().to_string().contains("\"grace\": 0.25"));
}
