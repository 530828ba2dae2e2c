//! Settings in environment variables: every variable, its default, and the errors for invalid
//! values.

use std::time::Duration;

use pollster::block_on;
use session_core::{
    CookieOptions, DriverName, MemoryDriver, PlainRecords, SameSite, SessionConfig, SessionManager,
};

use crate::common::{MINUTE, SECRET};

const OTHER: &str = "another-secret-0123456789abcdef-0123456789";

/// Reads these variables, with a secret unless they contain one.
fn read(vars: &[(&str, &str)]) -> Result<SessionConfig, String> {
    let find = |name: &str| {
        vars.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| *value)
    };
    SessionConfig::from_vars(|name| {
        let has_secret = find("SESSION_SECRET").is_some() || find("APP_KEY").is_some();
        find(name).or((name == "SESSION_SECRET" && !has_secret).then_some(SECRET))
    })
    .map_err(|error| {
        // Programs can rely on the name of the variable.
        assert!(
            error
                .to_string()
                .starts_with(&format!("{}: ", error.setting()))
        );
        error.to_string()
    })
}

fn config(vars: &[(&str, &str)]) -> SessionConfig {
    read(vars).unwrap()
}

fn error(variable: &str, value: &str) -> String {
    read(&[(variable, value)]).unwrap_err()
}

fn manager(config: &SessionConfig) -> SessionManager {
    let builder = config.builder(MemoryDriver::new()).unwrap();
    builder.build().unwrap()
}

/// Returns `true` if the config signs with this secret.
fn signs_with(config: &SessionConfig, secret: &str) -> bool {
    let signed = |ring: session_core::KeyRing| ring.sign("h".to_owned());
    let secret = session_core::Secret::new(secret).unwrap();
    signed(config.key_ring().unwrap()) == signed(secret.into())
}

#[test]
fn every_variable_but_the_secret_has_a_default() {
    let config = config(&[]);
    assert_eq!(config.driver(), DriverName::Cookie);
    assert_eq!(config.cookie(), &CookieOptions::default());
    assert!(!config.encrypts() && !config.pads_cookie());
    assert_eq!(config.plain_records(), PlainRecords::Refuse);
    assert_eq!(config.redis_url(), None);
    assert_eq!(config.prefix(), "session:");
    assert!(signs_with(&config, SECRET));
    let manager = manager(&config);
    assert_eq!(manager.lifetime(), 120 * MINUTE);
    assert_eq!(manager.cookie_name(), "session");
    assert!(!manager.opens_lazily());
}

#[test]
fn every_variable_is_read() {
    let config = config(&[
        ("SESSION_DRIVER", "redis"),
        ("SESSION_SECRET", OTHER),
        ("SESSION_LIFETIME", "30"),
        ("SESSION_COOKIE", "sid"),
        ("SESSION_SECURE", "false"),
        ("SESSION_SAME_SITE", "Strict"),
        ("SESSION_PATH", "/app"),
        ("SESSION_DOMAIN", "example.com"),
        ("SESSION_PLAIN_RECORDS", "accept"),
        ("REDIS_URL", "redis://cache:6380/2"),
        ("SESSION_PREFIX", "app:"),
    ]);
    assert_eq!(config.plain_records(), PlainRecords::Accept);
    assert_eq!(config.driver(), DriverName::Redis);
    assert!(signs_with(&config, OTHER));
    let expected = CookieOptions::default()
        .name("sid")
        .secure(false)
        .same_site(SameSite::Strict)
        .path("/app")
        .domain("example.com");
    assert_eq!(config.cookie(), &expected);
    assert_eq!(config.redis_url(), Some("redis://cache:6380/2"));
    assert_eq!(config.prefix(), "app:");
    assert_eq!(manager(&config).lifetime(), 30 * MINUTE);
}

#[test]
fn every_spelling_of_a_value_is_accepted() {
    for (value, driver) in [
        ("cookie", DriverName::Cookie),
        ("memory", DriverName::Memory),
        ("redis", DriverName::Redis),
    ] {
        assert_eq!(config(&[("SESSION_DRIVER", value)]).driver(), driver);
        assert_eq!(driver.to_string(), value);
    }
    for (value, secure) in [
        ("true", true),
        ("TRUE", true),
        ("1", true),
        ("false", false),
        ("False", false),
        ("0", false),
    ] {
        let expected = CookieOptions::default().secure(secure);
        assert_eq!(config(&[("SESSION_SECURE", value)]).cookie(), &expected);
        assert_eq!(config(&[("SESSION_ENCRYPT", value)]).encrypts(), secure);
    }
    for (value, plain_records) in [
        ("refuse", PlainRecords::Refuse),
        ("Accept", PlainRecords::Accept),
        ("WRITE", PlainRecords::Write),
    ] {
        let read = config(&[("SESSION_PLAIN_RECORDS", value)]);
        assert_eq!(read.plain_records(), plain_records);
    }
    for (value, same_site) in [
        ("lax", SameSite::Lax),
        ("STRICT", SameSite::Strict),
        ("None", SameSite::None),
    ] {
        let expected = CookieOptions::default().same_site(same_site);
        assert_eq!(config(&[("SESSION_SAME_SITE", value)]).cookie(), &expected);
    }
    // An empty value means none, for settings that are optional.
    let empty = config(&[("SESSION_DOMAIN", ""), ("REDIS_URL", "")]);
    assert_eq!(empty.cookie(), &CookieOptions::default());
    assert_eq!(empty.redis_url(), None);
}

#[test]
fn an_invalid_value_is_reported_with_its_variable_and_a_remedy() {
    let cases = [
        (
            "SESSION_DRIVER",
            ["", "Redis", "file"],
            "use cookie, memory, redis, postgres, mysql or sqlite",
        ),
        ("SESSION_SECURE", ["", "yes", "on"], "use true or false"),
        ("SESSION_ENCRYPT", ["", "yes", "aes"], "use true or false"),
        (
            "SESSION_PLAIN_RECORDS",
            ["", "true", "reject"],
            "use refuse, accept or write",
        ),
        (
            "SESSION_SAME_SITE",
            ["", "laxe", "no"],
            "use lax, strict or none",
        ),
        (
            "SESSION_LIFETIME",
            ["0", "-5", "1.5"],
            "use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_LIFETIME",
            ["", "2h", "18446744073709551616"],
            "use a whole number of minutes, at least 1",
        ),
    ];
    for (variable, values, remedy) in cases {
        for value in values {
            assert_eq!(
                error(variable, value),
                format!("{variable}: {value:?} is invalid; {remedy}")
            );
        }
    }
}

#[test]
fn an_invalid_cookie_is_reported_with_its_variable() {
    assert_eq!(
        error("SESSION_COOKIE", "my session"),
        "SESSION_COOKIE: \"my session\" contains ' '; \
         use letters, digits, '-' and '_' (RFC 6265, cookie-name)"
    );
    assert_eq!(
        error("SESSION_COOKIE", ""),
        "SESSION_COOKIE: is empty; use letters, digits, '-' and '_' (RFC 6265, cookie-name)"
    );
    assert_eq!(
        error("SESSION_PATH", "app"),
        "SESSION_PATH: \"app\" does not start with '/'; \
         use a path such as \"/\" (RFC 6265, path-value)"
    );
    assert_eq!(
        error("SESSION_DOMAIN", "a;b"),
        "SESSION_DOMAIN: \"a;b\" contains ';'; \
         use a host name such as \"example.com\" (RFC 6265, domain-value)"
    );
    let error = read(&[("SESSION_COOKIE", "__Host-s"), ("SESSION_SECURE", "false")]);
    assert_eq!(
        error.unwrap_err(),
        "SESSION_COOKIE: the prefix of \"__Host-s\" demands Secure, Path=/ and no Domain; \
         change the options or the name (RFC 6265bis, cookie name prefixes)"
    );
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf_8_is_an_error() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    for variable in ["SESSION_SECRET", "APP_KEY", "SESSION_COOKIE", "REDIS_URL"] {
        let error = SessionConfig::from_vars(|name| match name {
            _ if name == variable => Some(OsString::from_vec(b"caf\xe9".to_vec())),
            "SESSION_SECRET" if variable != "APP_KEY" => Some(SECRET.into()),
            _ => None,
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            format!("{variable}: is not UTF-8; set it again")
        );
    }
}

#[test]
fn the_longest_lifetime_does_not_overflow() {
    let manager = manager(&config(&[("SESSION_LIFETIME", "18446744073709551615")]));
    assert_eq!(manager.lifetime(), Duration::from_secs(u64::MAX));
    let session = block_on(manager.open(None)).unwrap();
    session.put("a", 1).unwrap();
    let outcome = block_on(manager.commit(&session)).unwrap();
    let line = manager.set_cookie(&outcome).unwrap();
    assert!(line.ends_with("Max-Age=34560000"), "{line}");
}

#[test]
fn a_variable_replaces_what_a_file_says() {
    let file = || {
        let json = format!(
            r#"{{"secret":"{SECRET}","previous_secrets":["{OTHER}"],"driver":"redis","lifetime":30,
                "owner_key":"user","redis_url":"redis://file","prefix":"file:",
                "cookie":{{"name":"sid","path":"/app","domain":"example.com","http_only":false}}}}"#
        );
        serde_json::from_str::<SessionConfig>(&json).unwrap()
    };
    let with = |vars: &[(&str, &str)]| {
        let find = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        file().with_vars(find).map_err(|error| error.to_string())
    };
    let untouched = with(&[
        ("APP_KEY", OTHER),
        ("REDIS_URL", ""),
        ("SESSION_OWNER_KEY", ""),
    ]);
    assert_eq!(
        format!("{:?}", untouched.as_ref().unwrap()),
        format!("{:?}", file())
    );
    assert!(signs_with(&untouched.unwrap(), SECRET));

    let config = with(&[
        ("SESSION_SECRET", OTHER),
        ("SESSION_PREVIOUS_SECRETS", ""),
        ("SESSION_DRIVER", "memory"),
        ("SESSION_LIFETIME", "5"),
        ("SESSION_OWNER_KEY", "user_id"),
        ("REDIS_URL", "redis://env"),
        ("SESSION_PREFIX", ""),
        ("SESSION_COOKIE", "shop"),
        ("SESSION_DOMAIN", ""),
    ])
    .unwrap();
    assert!(signs_with(&config, OTHER));
    assert_eq!(config.key_ring().unwrap().size(), 1);
    assert_eq!(config.driver(), DriverName::Memory);
    assert_eq!(config.owner_key(), Some("user_id"));
    assert_eq!(
        (config.redis_url(), config.prefix()),
        (Some("redis://env"), "")
    );
    let cookie = CookieOptions::default()
        .name("shop")
        .path("/app")
        .http_only(false);
    assert_eq!(config.cookie(), &cookie);
    assert_eq!(manager(&config).lifetime(), 5 * MINUTE);
}

#[test]
fn an_error_names_the_variable_or_the_key_of_the_file() {
    let file = |json: &str| serde_json::from_str::<SessionConfig>(json).unwrap();
    let secret = |name: &str| (name == "SESSION_SECRET").then_some(SECRET);
    let error = file("{}").with_vars(|_| None::<&str>).unwrap_err();
    assert_eq!(error.setting(), "SESSION_SECRET");
    let bad = file(r#"{"cookie":{"name":"a b"}}"#);
    assert_eq!(bad.with_vars(secret).unwrap_err().setting(), "cookie name");
    let vars = |name: &str| match name {
        "SESSION_COOKIE" => Some("a b"),
        name => secret(name),
    };
    let error = file("{}").with_vars(vars).unwrap_err();
    assert_eq!(error.setting(), "SESSION_COOKIE");
    // A placeholder is no secret, and the file's is one.
    let placeholder = |name: &str| (name == "SESSION_SECRET").then_some("changeme");
    let with_secret = file(&format!(r#"{{"secret":"{SECRET}"}}"#));
    assert!(signs_with(
        &with_secret.with_vars(placeholder).unwrap(),
        SECRET
    ));
}
