//! Where secrets come from, and that they are never shown.

use session_core::{KeyRing, Secret, SessionConfig};

const A: &str = "secret-a-0123456789abcdef-0123456789abcdef";
const B: &str = "secret-b-0123456789abcdef-0123456789abcdef";
const C: &str = "secret-c-0123456789abcdef-0123456789abcdef";
const REMEDY: &str = "generate one with `openssl rand -base64 32`";

fn read(vars: &[(&str, &str)]) -> Result<SessionConfig, String> {
    SessionConfig::from_vars(|name| {
        let found = vars.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| *value)
    })
    .map_err(|error| error.to_string())
}

fn token(secret: &str) -> String {
    KeyRing::new(Secret::new(secret).unwrap()).sign("h".to_owned())
}

/// Returns a token that the configured secret signed.
fn signer(vars: &[(&str, &str)]) -> String {
    let ring = read(vars).unwrap().key_ring().unwrap();
    ring.sign("h".to_owned())
}

#[test]
fn session_secret_takes_precedence_over_app_key() {
    assert_eq!(signer(&[("SESSION_SECRET", A)]), token(A));
    assert_eq!(signer(&[("SESSION_SECRET", A), ("APP_KEY", B)]), token(A));
    assert_eq!(signer(&[("APP_KEY", B)]), token(B));
}

#[test]
fn the_prefix_of_app_key_is_removed_and_nothing_is_decoded() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    assert_eq!(
        signer(&[("APP_KEY", &format!("base64:{key}"))]),
        token(key),
        "@rudderjs/session signs with the text itself"
    );
    // Only once, and only from `APP_KEY`.
    let twice = format!("base64:base64:{key}");
    assert_eq!(
        signer(&[("APP_KEY", &twice)]),
        token(&format!("base64:{key}"))
    );
    let own = format!("base64:{key}");
    assert_eq!(signer(&[("SESSION_SECRET", &own)]), token(&own));
}

#[test]
fn a_placeholder_or_empty_secret_falls_back_to_app_key() {
    for unusable in [
        "change-me-in-production",
        "CHANGE-ME-IN-PRODUCTION",
        "change-me",
        "changeme",
        "secret",
        "",
        "   ",
    ] {
        let vars = [("SESSION_SECRET", unusable), ("APP_KEY", B)];
        assert_eq!(signer(&vars), token(B), "{unusable:?}");
    }
}

/// Security checklist, statement 29: there is no other fallback.
#[test]
fn s29_a_missing_or_unusable_secret_is_an_error() {
    let refused = |vars: &[(&str, &str)]| read(vars).unwrap_err();
    assert_eq!(
        refused(&[]),
        format!("SESSION_SECRET: is not set; {REMEDY}")
    );
    assert_eq!(
        refused(&[("SESSION_SECRET", "")]),
        format!("SESSION_SECRET: is empty; {REMEDY}")
    );
    let placeholder = format!("is a placeholder that anyone can guess; {REMEDY}");
    assert_eq!(
        refused(&[("SESSION_SECRET", "change-me-in-production")]),
        format!("SESSION_SECRET: {placeholder}")
    );
    assert_eq!(
        refused(&[("SESSION_SECRET", "change-me"), ("APP_KEY", " ")]),
        format!("SESSION_SECRET: {placeholder}")
    );
    assert_eq!(
        refused(&[("APP_KEY", "change-me-in-production")]),
        format!("APP_KEY: {placeholder}")
    );
    assert_eq!(
        refused(&[("APP_KEY", "base64:")]),
        format!("APP_KEY: is empty; {REMEDY}")
    );
    // A secret that somebody chose is reported as a mistake instead of being ignored.
    assert_eq!(
        refused(&[("SESSION_SECRET", "too short"), ("APP_KEY", B)]),
        format!("SESSION_SECRET: has 9 bytes, at least 32 are needed; {REMEDY}")
    );
    assert_eq!(
        refused(&[("APP_KEY", "base64:too short")]),
        format!("APP_KEY: has 9 bytes, at least 32 are needed; {REMEDY}")
    );
    assert_eq!(
        refused(&[("SESSION_SECRET", A), ("SESSION_PREVIOUS_SECRETS", "old")]),
        format!("SESSION_PREVIOUS_SECRETS: has 3 bytes, at least 32 are needed; {REMEDY}")
    );
}

#[test]
fn the_secret_can_be_set_separately_from_the_file() {
    let file = format!(r#"{{"lifetime":30,"previous_secrets":["{B}"]}}"#);
    let config: SessionConfig = serde_json::from_str(&file).unwrap();
    assert!(config.key_ring().is_err());
    let ring = config
        .with_secret(Secret::new(A).unwrap())
        .key_ring()
        .unwrap();
    assert_eq!(ring.sign("h".to_owned()), token(A));
    assert_eq!(ring.verify(&token(B)).unwrap().key, 1);
}

#[test]
fn previous_secrets_verify_but_do_not_sign() {
    let previous = format!("{B},,{C}");
    let config = read(&[
        ("SESSION_SECRET", A),
        ("SESSION_PREVIOUS_SECRETS", &previous),
    ]);
    let ring = config.unwrap().key_ring().unwrap();
    assert_eq!(ring.sign("h".to_owned()), token(A));
    let keys = [A, B, C].map(|secret| ring.verify(&token(secret)).map(|found| found.key));
    assert_eq!(keys, [Some(0), Some(1), Some(2)]);
}

/// Security checklist, statement 26.
#[test]
fn s26_neither_debug_nor_an_error_shows_a_secret_or_a_password() {
    let config = read(&[
        ("SESSION_SECRET", A),
        ("SESSION_PREVIOUS_SECRETS", B),
        ("REDIS_URL", "redis://user:hunter2@cache:6379"),
    ]);
    let shown = format!("{config:?} {config:#?}");
    for kept in [A, B, &A[..8], "hunter2", "redis://"] {
        assert!(!shown.contains(kept), "{kept} in {shown}");
    }
    assert_eq!(
        config.unwrap().redis_url(),
        Some("redis://user:hunter2@cache:6379")
    );
    let error = read(&[
        ("SESSION_SECRET", A),
        ("SESSION_PREVIOUS_SECRETS", "hunter2"),
    ]);
    assert!(!format!("{error:?}").contains("hunter2"));
    for (json, message) in [
        (r#"{"secret":"hunter2"}"#, "secret: has 7 bytes, "),
        (
            r#"{"secret":1234567}"#,
            "secret: is a number; write a string",
        ),
        (
            r#"{"secret":["hunter2"]}"#,
            "secret: is a list; write a string",
        ),
        (
            r#"{"previous_secrets":"hunter2"}"#,
            "previous_secrets: is a string; write a list of strings",
        ),
        (
            r#"{"previous_secrets":[1234567]}"#,
            "previous_secrets: is a number; write a string",
        ),
        (
            r#"{"redis_url":["hunter2"]}"#,
            "redis_url: is a list; write a string",
        ),
        (
            r#"{"redis_url":1234567}"#,
            "redis_url: is a number; write a string",
        ),
    ] {
        let error = serde_json::from_str::<SessionConfig>(json).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("1234567"),
            "{shown}"
        );
    }
}
