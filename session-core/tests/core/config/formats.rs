//! Settings from files: no error repeats a secret, whatever the format.

use session_core::{Secret, SessionConfig};

const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// The error of a file in each format, with all its causes.
fn errors(json: &str, toml: &str, yaml: &str) -> [String; 3] {
    [
        format!(
            "{:#?}",
            serde_json::from_str::<SessionConfig>(json).unwrap_err()
        ),
        format!("{}", toml::from_str::<SessionConfig>(toml).unwrap_err()),
        format!(
            "{}",
            serde_norway::from_str::<SessionConfig>(yaml).unwrap_err()
        ),
    ]
}

/// Security checklist, statement 39.
#[test]
fn s39_no_error_repeats_a_secret_in_any_format() {
    let short = &SECRET[..20];
    let cases = [
        (
            "has 20 bytes, at least 32 are needed",
            format!(r#"{{"secret": "{short}"}}"#),
            format!("secret = \"{short}\""),
            format!("secret: {short}"),
        ),
        (
            "secret: is a list; write a string",
            format!(r#"{{"secret": ["{SECRET}"]}}"#),
            format!("secret = [\"{SECRET}\"]"),
            format!("secret: [{SECRET}]"),
        ),
        (
            "secret: has white space around it; remove it",
            format!(r#"{{"secret": "{SECRET} "}}"#),
            format!("secret = \"{SECRET} \""),
            format!("secret: '{SECRET} '"),
        ),
        (
            "previous_secrets: is a string; write a list of strings",
            format!(r#"{{"previous_secrets": "{SECRET}"}}"#),
            format!("previous_secrets = \"{SECRET}\""),
            format!("previous_secrets: {SECRET}"),
        ),
        (
            "redis_url: is a table; write a string",
            format!(r#"{{"redis_url": {{"password": "{SECRET}"}}}}"#),
            format!("redis_url = {{ password = \"{SECRET}\" }}"),
            format!("redis_url: {{ password: {SECRET} }}"),
        ),
        (
            "sercet: is not a setting",
            format!(r#"{{"sercet": "{SECRET}"}}"#),
            format!("sercet = \"{SECRET}\""),
            format!("sercet: {SECRET}"),
        ),
        (
            "lifetime: is a string; write a number of minutes",
            format!(r#"{{"secret": "{SECRET}", "lifetime": "long"}}"#),
            format!("secret = \"{SECRET}\"\nlifetime = \"long\""),
            format!("secret: {SECRET}\nlifetime: long"),
        ),
    ];
    for (message, json, toml, yaml) in cases {
        for error in errors(&json, &toml, &yaml) {
            assert!(error.contains(message), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}

#[test]
fn a_wrong_type_names_its_key() {
    for (file, message) in [
        (
            r#"{"cookie": {"secure": "hunter2"}}"#,
            "cookie.secure: is a string; write a boolean",
        ),
        (
            r#"{"cookie": {"sekure": true}}"#,
            "cookie.sekure: is not a setting; use name, path, domain",
        ),
        (
            r#"{"driver": "hunter2"}"#,
            "driver: is a string; write one of `cookie`, `memory`, `redis`",
        ),
        (
            r#"{"renewal": "sometimes"}"#,
            "renewal: is a string; write one of `on_use`, `on_write`, `always`",
        ),
        (r#"{"max_bytes": -1}"#, "max_bytes: is a number; write "),
        (
            r#"{"grace": -1.5}"#,
            "grace: is a number; write a number of seconds",
        ),
        (
            "[]",
            "the settings: are a list; write a table of keys and values",
        ),
    ] {
        let error = serde_json::from_str::<SessionConfig>(file).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn every_format_reads_the_same_settings() {
    let json = format!(
        r#"{{"secret":"{SECRET}","lifetime":30,"grace":5,"max_bytes":1000,"cookie":{{"name":"s"}}}}"#
    );
    let toml = format!(
        "secret = \"{SECRET}\"\nlifetime = 30\ngrace = 5\nmax_bytes = 1000\n[cookie]\nname = \"s\""
    );
    let yaml =
        format!("secret: {SECRET}\nlifetime: 30\ngrace: 5\nmax_bytes: 1000\ncookie:\n  name: s");
    let shown = format!(
        "{:?}",
        serde_json::from_str::<SessionConfig>(&json).unwrap()
    );
    assert!(!shown.contains("hunter2"));
    for config in [
        toml::from_str::<SessionConfig>(&toml).unwrap(),
        serde_norway::from_str::<SessionConfig>(&yaml).unwrap(),
    ] {
        assert_eq!(format!("{config:?}"), shown);
        assert!(config.key_ring().is_ok());
    }
    assert!(toml::from_str::<SessionConfig>("").is_ok());
}

#[test]
fn white_space_around_a_secret_is_an_error_everywhere() {
    for name in ["SESSION_SECRET", "APP_KEY", "SESSION_PREVIOUS_SECRETS"] {
        for secret in [format!(" {SECRET}"), format!("{SECRET}\n")] {
            let vars = |var: &str| match var {
                _ if var == name => Some(secret.clone()),
                "SESSION_SECRET" if name == "SESSION_PREVIOUS_SECRETS" => Some(SECRET.to_owned()),
                _ => None,
            };
            let error = SessionConfig::from_vars(vars).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{name}: has white space around it; remove it")
            );
        }
    }
    // In code, a secret is bytes, used as they are.
    assert!(Secret::new(format!("{SECRET} ")).is_ok());
}
