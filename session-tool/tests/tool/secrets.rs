//! Where the secret comes from, and how invalid settings are reported.

use crate::run::{SECRET, Tool, bare, library_error, token_of, tool};

/// A folder for one test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("session-tool-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, content: &[u8]) -> String {
        let path = self.0.join("secret");
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
fn a_generated_secret_is_random_and_usable() {
    let (a, b) = (bare(&["key"]).run(), bare(&["key"]).run());
    assert_eq!((a.code, &*a.err), (0, ""));
    let secret = a.out.strip_suffix('\n').unwrap();
    assert_eq!(secret.len(), 43);
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    assert!(secret.bytes().all(is_base64url), "{secret}");
    assert_ne!(a.out, b.out);
    let ran = bare(&["sign", "{}"]).env("SESSION_SECRET", secret).run();
    assert_eq!(ran.code, 0);
}

/// Security checklist, statement 29.
#[test]
fn s29_an_unusable_secret_is_an_error() {
    for command in ["inspect", "sign"] {
        for variables in [
            &[][..],
            &[("SESSION_SECRET", "short")],
            &[("SESSION_SECRET", "change-me-in-production")],
            &[("SESSION_SECRET", "")],
            &[("APP_KEY", "base64:short")],
            &[
                ("SESSION_SECRET", SECRET),
                ("SESSION_PREVIOUS_SECRETS", "short"),
            ],
        ] {
            let error = library_error(variables);
            let names = ["SESSION_SECRET", "APP_KEY", "SESSION_PREVIOUS_SECRETS"];
            assert!(names.contains(&error.setting()), "{error}");
            bare(&[command, "{}"])
                .envs(variables)
                .run()
                .fails(&error.to_string());
        }
    }
}

#[test]
fn an_invalid_setting_is_an_error() {
    for variable in [
        ("SESSION_DRIVER", "file"),
        ("SESSION_LIFETIME", "0"),
        ("SESSION_COOKIE", "a b"),
    ] {
        let error = library_error(&[("SESSION_SECRET", SECRET), variable]);
        assert_eq!(error.setting(), variable.0);
        tool(&["inspect", "x"])
            .envs(&[variable])
            .run()
            .fails(&error.to_string());
    }
}

#[test]
fn the_app_key_is_the_fallback() {
    let key = format!("base64:{SECRET}");
    let ran = bare(&["inspect", &token()]).env("APP_KEY", key).run();
    assert_eq!(ran.code, 0);
}

#[test]
fn a_secret_file_or_standard_input_overrides_the_environment() {
    let folder = Folder::new("read");
    for end in ["", "\n", "\r\n"] {
        let content = format!("{SECRET}{end}");
        let path = folder.file(content.as_bytes());
        let other = "another secret, of more than 32 bytes";
        let with_others = inspect_with(&path)
            .env("SESSION_SECRET", other)
            .env("APP_KEY", other);
        for tool in [
            inspect_with(&path),
            with_others,
            inspect_with("-").input(content),
        ] {
            assert_eq!(tool.run().code, 0, "{end:?}");
        }
    }
}

#[test]
fn an_unusable_secret_file_is_named_and_its_content_not_shown() {
    let folder = Folder::new("bad");
    for secret in ["hunter2", "", "change-me"] {
        let path = folder.file(format!("{secret}\n").as_bytes());
        let error = library_error(&[("SESSION_SECRET", secret)]);
        let problem = format!("{}; {}", error.problem(), error.remedy());
        inspect_with(&path)
            .run()
            .fails(&format!("the secret file {path} {problem}"));
        let expected = format!("the secret on standard input {problem}");
        inspect_with("-").input(secret).run().fails(&expected);
    }
    let two = format!("{SECRET}\n{SECRET}\n");
    for (content, problem) in [
        (
            &b"\xff\xfe\xfd"[..],
            "is not valid UTF-8; generate a secret with `session-tool key`",
        ),
        (
            two.as_bytes(),
            "has several lines; keep one secret in it and list previous ones in SESSION_PREVIOUS_SECRETS",
        ),
    ] {
        let path = folder.file(content);
        inspect_with(&path)
            .run()
            .fails(&format!("the secret file {path} {problem}"));
    }
}

#[test]
fn an_unreadable_secret_file_is_named() {
    let folder = Folder::new("unreadable");
    for (path, error) in [
        ("/no/such/file", "No such file or directory (os error 2)"),
        (folder.0.to_str().unwrap(), "Is a directory (os error 21)"),
    ] {
        inspect_with(path).run().fails(&format!(
            "cannot read the secret file {path}; check the path and permissions ({error})"
        ));
    }
}

#[test]
fn standard_input_is_read_for_one_purpose_only() {
    for (arguments, what) in [
        (&["inspect", "--secret-file", "-"][..], "cookie"),
        (&["sign", "--secret-file", "-", "-"], "data"),
    ] {
        bare(arguments).input(SECRET).run().fails(&format!(
            "cannot read both the {what} and the secret from standard input; pass the {what} as an argument"
        ));
    }
}
