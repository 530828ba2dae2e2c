//! Where the secret comes from, and what is wrong with it.

use crate::run::{SECRET, Tool, bare, token_of, tool};

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("session-tool-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn token() -> String {
    token_of(r#"{"id":"a-session","exp":99999999999999}"#)
}

fn inspect_with(path: &str) -> Tool {
    bare(&["inspect", &token(), "--secret-file", path])
}

#[test]
fn a_new_secret_is_printed_and_good() {
    let (a, b) = (bare(&["key"]).run(), bare(&["key"]).run());
    assert_eq!((a.code, &*a.err), (0, ""));
    let secret = a.out.strip_suffix('\n').unwrap();
    assert_eq!(secret.len(), 43);
    assert!(
        secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{secret}"
    );
    assert_ne!(a.out, b.out);
    let ran = bare(&["sign", "{}"]).env("SESSION_SECRET", secret).run();
    assert_eq!(ran.code, 0);
}

#[test]
fn s29_without_a_good_secret_there_is_no_answer() {
    let remedy = "generate one with `openssl rand -base64 32`";
    for command in ["inspect", "sign"] {
        bare(&[command, "{}"])
            .run()
            .fails(&format!("SESSION_SECRET: is missing; {remedy}"));
        for (variable, secret, problem) in [
            (
                "SESSION_SECRET",
                "short",
                "has 5 bytes, at least 32 are needed",
            ),
            (
                "SESSION_SECRET",
                "change-me-in-production",
                "is a placeholder that anyone can guess",
            ),
            ("SESSION_SECRET", "", "is empty"),
            (
                "APP_KEY",
                "base64:short",
                "has 5 bytes, at least 32 are needed",
            ),
        ] {
            bare(&[command, "{}"])
                .env(variable, secret)
                .run()
                .fails(&format!("{variable}: {problem}; {remedy}"));
        }
        tool(&[command, "{}"])
            .env("SESSION_PREVIOUS_SECRETS", "short")
            .run()
            .fails(&format!(
                "SESSION_PREVIOUS_SECRETS: has 5 bytes, at least 32 are needed; {remedy}"
            ));
    }
}

#[test]
fn impossible_settings_are_named() {
    for (name, value, error) in [
        (
            "SESSION_DRIVER",
            "file",
            "\"file\" is not possible; use cookie, memory or redis",
        ),
        (
            "SESSION_LIFETIME",
            "0",
            "\"0\" is not possible; use a whole number of minutes, at least 1",
        ),
        (
            "SESSION_COOKIE",
            "a b",
            "\"a b\" contains ' '; use letters, digits, '-' and '_' (RFC 6265, cookie-name)",
        ),
    ] {
        tool(&["inspect", "x"])
            .env(name, value)
            .run()
            .fails(&format!("{name}: {error}"));
    }
}

#[test]
fn the_app_key_stands_in() {
    let ran = bare(&["inspect", &token()])
        .env("APP_KEY", format!("base64:{SECRET}"))
        .run();
    assert_eq!(ran.code, 0);
}

#[test]
fn the_secret_is_read_from_a_file_or_standard_input_before_the_environment() {
    let folder = Folder::new("read");
    for content in [
        SECRET.to_owned(),
        format!("{SECRET}\n"),
        format!("{SECRET}\r\n"),
    ] {
        let path = folder.file("secret", content.as_bytes());
        assert_eq!(inspect_with(&path).run().code, 0, "{content:?}");
        let other = "another secret, of more than 32 bytes";
        let ran = inspect_with(&path)
            .env("SESSION_SECRET", other)
            .env("APP_KEY", other)
            .run();
        assert_eq!(ran.code, 0, "{content:?}");
        assert_eq!(
            inspect_with("-").input(content.as_bytes()).run().code,
            0,
            "{content:?}"
        );
    }
    // White space elsewhere is part of it.
    let path = folder.file("secret", format!("{SECRET} \n").as_bytes());
    assert_eq!(inspect_with(&path).run().code, 1);
}

#[test]
fn a_file_that_is_no_secret_is_named_and_not_shown() {
    let folder = Folder::new("bad");
    let says = |content: &[u8], error: &str| {
        let path = folder.file("secret", content);
        inspect_with(&path)
            .run()
            .fails(&format!("the secret file {path}: {error}"));
    };
    let remedy = "generate one with `openssl rand -base64 32`";
    says(
        b"hunter2\n",
        &format!("has 7 bytes, at least 32 are needed; {remedy}"),
    );
    says(b"", &format!("is empty; {remedy}"));
    says(
        b"change-me\n",
        &format!("is a placeholder that anyone can guess; {remedy}"),
    );
    says(
        b"\xff\xfe\xfd",
        "is not UTF-8; generate one with `session-tool key`",
    );
    says(
        format!("{SECRET}\n{SECRET}\n").as_bytes(),
        "has several lines; keep one secret in it, and previous ones in SESSION_PREVIOUS_SECRETS",
    );
    inspect_with("-").input("short").run().fails(&format!(
        "the secret from standard input: has 5 bytes, at least 32 are needed; {remedy}"
    ));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("unreadable");
    let remedy = "check its path and rights";
    inspect_with("/no/such/file").run().fails(&format!(
        "cannot read the secret file /no/such/file; {remedy} (No such file or directory (os error 2))"
    ));
    let path = folder.0.to_str().unwrap();
    inspect_with(path).run().fails(&format!(
        "cannot read the secret file {path}; {remedy} (Is a directory (os error 21))"
    ));
}

#[test]
fn one_standard_input_is_not_read_for_two_things() {
    bare(&["inspect", "--secret-file", "-"]).input(SECRET).run().fails(
        "the cookie and the secret cannot both come from standard input; give the cookie as an argument",
    );
    bare(&["sign", "--secret-file", "-", "-"]).input(SECRET).run().fails(
        "the data and the secret cannot both come from standard input; give the data as an argument",
    );
}
