//! Runs the program.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use session_core::{
    ConfigError, Driver as _, Expected, KeyRing, Record, Saved, Secret, SessionConfig,
};

pub(crate) const SECRET: &str = "a test's secret of 32 bytes and more";
pub(crate) const OLD_SECRET: &str = "the secret that was used before this one";

/// A command line, with an empty environment and an empty standard input by default.
pub(crate) struct Tool {
    command: Command,
    input: Vec<u8>,
}

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with [`SECRET`] in its environment.
pub(crate) fn tool<A: AsRef<OsStr>>(arguments: &[A]) -> Tool {
    bare(arguments).env("SESSION_SECRET", SECRET)
}

/// The program with an empty environment.
pub(crate) fn bare<A: AsRef<OsStr>>(arguments: &[A]) -> Tool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-tool"));
    command.args(arguments).env_clear();
    Tool {
        command,
        input: Vec::new(),
    }
}

impl Tool {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, variables: &[(&str, &str)]) -> Self {
        self.command.envs(variables.iter().copied());
        self
    }

    pub(crate) fn redis(self, url: &str) -> Self {
        self.env("SESSION_DRIVER", "redis").env("REDIS_URL", url)
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    pub(crate) fn command(self) -> Command {
        self.command
    }

    pub(crate) fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may end without reading.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        for secret in [SECRET, OLD_SECRET] {
            let is_shown = ran.out.contains(secret) || ran.err.contains(secret);
            assert!(!is_shown, "a secret is shown: {ran:?}");
        }
        ran
    }
}

impl Ran {
    /// Asserts an answer: this exit code and output, and no error.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, out: &str) {
        assert_eq!((self.code, &*self.out, &*self.err), (code, out, ""));
    }

    /// Asserts exit code 2, this error and no output.
    #[track_caller]
    pub(crate) fn fails(&self, error: &str) {
        let expected = format!("session-tool: {error}\n");
        assert_eq!((self.code, &*self.out, &*self.err), (2, "", &*expected));
    }

    /// Asserts exit code 2, an error that starts like this, and no output.
    #[track_caller]
    pub(crate) fn fails_with(&self, start: &str) {
        assert_eq!((self.code, &*self.out), (2, ""), "{self:?}");
        let expected = format!("session-tool: {start}");
        assert!(self.err.starts_with(&expected), "{self:?}");
    }

    /// Asserts this exit code and first line.
    #[track_caller]
    pub(crate) fn concludes(&self, code: i32, headline: &str) {
        assert_eq!((self.code, self.headline()), (code, headline), "{self:?}");
    }

    /// Asserts that the cookie is invalid for a reason, and that nothing failed.
    #[track_caller]
    pub(crate) fn rejects(&self, reason: &str) {
        assert_eq!((self.code, &*self.err), (1, ""), "{self:?}");
        let expected = format!("invalid ({reason}): ");
        assert!(self.headline().starts_with(&expected), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn shows(&self, lines: &str) {
        assert!(self.out.contains(lines), "{self:?}");
    }

    /// Parses the single line of JSON in the output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    fn headline(&self) -> &str {
        self.out.lines().next().unwrap_or_default()
    }
}

/// Returns status, detail and remedy of one of the doctor's checks.
#[track_caller]
pub(crate) fn check(ran: &Ran, name: &str) -> (String, String, String) {
    let json = ran.json();
    let checks = json["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name}: {}", ran.out));
    let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("detail"), text("remedy"))
}

/// Returns the library's error for these variables, whose text the program passes on.
pub(crate) fn library_error(variables: &[(&str, &str)]) -> ConfigError {
    let get = |name: &str| variables.iter().find(|(known, _)| *known == name);
    SessionConfig::from_vars(|name| get(name).map(|(_, value)| *value)).unwrap_err()
}

/// Runs a future on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Returns the cookie driver's token for a record with this JSON.
pub(crate) fn token_of(json: &str) -> String {
    let record = Record::from_json(json).unwrap();
    let driver = session_cookie::CookieDriver;
    let saved = block_on(driver.save(&record, Expected::Absent, Duration::ZERO));
    let Saved::Done { handle, .. } = saved.unwrap() else {
        panic!("not saved");
    };
    signed(&handle)
}

/// Signs any value with [`SECRET`].
pub(crate) fn signed(handle: &str) -> String {
    let secret = Secret::new(SECRET).unwrap();
    KeyRing::new(secret).sign(handle.to_owned())
}
