//! Running the program.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use session_core::{Outcome, Record, Session, SessionManager, Token};

pub(crate) const SECRET: &str = "a test's secret of 32 bytes and more";
pub(crate) const OLD_SECRET: &str = "the secret that was used before this one";

/// The program with its arguments, an empty environment and an empty standard input.
pub(crate) struct Tool {
    command: Command,
    input: Vec<u8>,
}

/// What it left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with a secret.
pub(crate) fn tool<A: AsRef<OsStr>>(arguments: &[A]) -> Tool {
    bare(arguments).env("SESSION_SECRET", SECRET)
}

/// The program without a variable.
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
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        for secret in [SECRET, OLD_SECRET] {
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "a secret is shown: {ran:?}"
            );
        }
        ran
    }
}

impl Ran {
    /// The program said yes or no, and this.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, out: &str) {
        assert_eq!((self.code, &*self.out, &*self.err), (code, out, ""));
    }

    /// The program had no answer, but this error and nothing else.
    #[track_caller]
    pub(crate) fn fails(&self, error: &str) {
        assert_eq!(
            (self.code, &*self.out, &*self.err),
            (2, "", &*format!("session-tool: {error}\n"))
        );
    }

    /// The one line of JSON that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// The first line that it printed.
    pub(crate) fn headline(&self) -> &str {
        self.out.lines().next().unwrap_or_default()
    }
}

/// The status and the detail of one of the doctor's checks, and what to do about it.
#[track_caller]
pub(crate) fn check(ran: &Ran, name: &str) -> (String, String, String) {
    let json = ran.json();
    let checks = json["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name}: {}", ran.out));
    let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("detail"), text("remedy"))
}

/// Runs a future of a test that has no runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Commits a session that has something to store.
pub(crate) async fn commit(manager: &SessionManager, session: &Session) -> Token {
    match manager.commit(session).await.unwrap() {
        Outcome::Set(token) => token,
        other => panic!("no cookie, but {other:?}"),
    }
}

/// The token of the cookie driver for a record of this JSON, whatever it says.
pub(crate) fn token_of(json: &str) -> String {
    use session_core::{Driver as _, Expected, KeyRing, Saved, Secret};
    let record = Record::from_json(json).unwrap();
    let saved = block_on(session_cookie::CookieDriver.save(
        &record,
        Expected::Absent,
        std::time::Duration::ZERO,
    ));
    let Saved::Done { handle } = saved.unwrap() else {
        panic!("not saved");
    };
    KeyRing::new(Secret::new(SECRET).unwrap()).sign(handle)
}

/// What is signed with the test's secret, whatever it is.
pub(crate) fn signed(handle: &str) -> String {
    let secret = session_core::Secret::new(SECRET).unwrap();
    session_core::KeyRing::new(secret).sign(handle.to_owned())
}
