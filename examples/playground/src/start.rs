//! Starts a playground from its environment.

use std::env::{self, VarError};
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use session_core::{ConfigError, Secret, SessionConfig, SessionManager};
use tokio::net::TcpListener;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::devices::USER;

/// What a playground starts with.
#[derive(Debug)]
pub struct Start {
    /// The settings of the sessions.
    pub config: SessionConfig,
    program: &'static str,
    mode: Mode,
}

/// What a playground was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Serve,
    /// Standard output holds the settings and nothing else.
    PrintSettings,
}

/// Runs a playground: sets up the log, reads the settings and serves until the process is
/// interrupted.
///
/// It reads the variables of [`SessionConfig::from_env`], and `HOST` (127.0.0.1), `PORT` (3000),
/// `RUST_LOG` (`info,session=debug`), and `PERSISTENT_COOKIE` (`true`). With the argument
/// `--print-settings`, it [prints its settings](Start::print_settings) instead. An error ends the
/// program with a message and exit code 1.
pub async fn run<F>(program: &'static str, serve: impl FnOnce(Start) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Box<dyn Error>>>,
{
    let result = match start(program) {
        Ok(start) => serve(start).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C. A signal counts from this call on, even before the future is polled.
pub fn interrupted() -> impl Future<Output = ()> + Send {
    let mut signal = Box::pin(tokio::signal::ctrl_c());
    // The first poll installs the handler.
    let first = signal
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    async move {
        let received = match first {
            Poll::Ready(received) => received,
            Poll::Pending => signal.await,
        };
        if received.is_err() {
            // Signals cannot be received, so run until killed.
            std::future::pending::<()>().await;
        }
    }
}

impl Start {
    /// Prints the settings in force if the program was started with `--print-settings`. Returns
    /// `true` if it did, so that the program ends without listening.
    ///
    /// # Errors
    ///
    /// Returns an error if standard output cannot be written.
    pub fn print_settings(&self, manager: &SessionManager) -> io::Result<bool> {
        if self.mode == Mode::PrintSettings {
            writeln!(io::stdout(), "{}", manager.settings())?;
        }
        Ok(self.mode == Mode::PrintSettings)
    }

    /// Listens on `HOST` and `PORT`, and prints the address.
    ///
    /// # Errors
    ///
    /// Returns an error that names the address and the two variables.
    pub async fn listen(&self) -> Result<TcpListener, Box<dyn Error>> {
        let (host, port) = (setting("HOST", "127.0.0.1")?, setting("PORT", "3000")?);
        let listener = TcpListener::bind(format!("{host}:{port}"))
            .await
            .map_err(|error| format!("cannot listen on {host}:{port} (HOST, PORT): {error}"))?;
        let encrypted = if self.config.encrypts() {
            ", encrypted"
        } else {
            ""
        };
        println!(
            "{}: http://{} with the {} driver{encrypted}",
            self.program,
            listener.local_addr()?,
            self.config.driver()
        );
        Ok(listener)
    }
}

impl Mode {
    fn from_arguments() -> Result<Self, String> {
        let mut mode = Self::Serve;
        for argument in env::args_os().skip(1) {
            if argument != "--print-settings" {
                let argument = argument.display();
                return Err(format!(
                    "unknown argument \"{argument}\"; use --print-settings or none"
                ));
            }
            mode = Self::PrintSettings;
        }
        Ok(mode)
    }

    /// Returns where remarks and the log go.
    fn output(self) -> Box<dyn io::Write> {
        match self {
            Self::Serve => Box::new(io::stdout()),
            Self::PrintSettings => Box::new(io::stderr()),
        }
    }
}

fn start(program: &'static str) -> Result<Start, Box<dyn Error>> {
    let mode = Mode::from_arguments()?;
    let filter = setting("RUST_LOG", "info,session=debug")?;
    let filter: Targets = filter
        .parse()
        .map_err(|error| format!("RUST_LOG: {error}"))?;
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(move || mode.output()))
        .with(filter)
        .init();
    let config = config(program, mode)?;
    Ok(Start {
        config,
        program,
        mode,
    })
}

fn setting(name: &str, default: &str) -> Result<String, String> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Ok(default.to_owned()),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not valid UTF-8; set it again")),
    }
}

/// Reads the settings, with defaults that are fine on loopback.
fn config(program: &str, mode: Mode) -> Result<SessionConfig, Box<dyn Error>> {
    let is_unset = |name: &str| env::var_os(name).is_none();
    let has_app_key = env::var_os("APP_KEY").is_some_and(|key| !key.is_empty());
    let random = if is_unset("SESSION_SECRET") && !has_app_key {
        writeln!(
            mode.output(),
            "{program}: SESSION_SECRET is not set; the secret is random, so sessions end with this process"
        )?;
        Some(String::from_utf8(Secret::generate()?.expose().to_vec())?)
    } else {
        None
    };
    if is_unset("SESSION_SECURE") {
        writeln!(
            mode.output(),
            "{program}: SESSION_SECURE is not set; the cookie is not Secure, because this is plain HTTP"
        )?;
    }
    let config: Result<_, ConfigError> = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" if random.is_some() => random.clone().map(Into::into),
        "SESSION_SECURE" if is_unset(name) => Some("false".into()),
        // Ports do not separate cookies, so every playground has a name of its own.
        "SESSION_COOKIE" if is_unset(name) => Some(program.into()),
        "SESSION_OWNER_KEY" if is_unset(name) => Some(USER.into()),
        _ => env::var_os(name),
    });
    let config = config?;
    let cookie = config.cookie().clone().persistent(is_persistent()?);
    Ok(config.with_cookie(cookie))
}

/// Returns `true` if the cookie outlives the browser even without "remember me".
fn is_persistent() -> Result<bool, String> {
    match &*setting("PERSISTENT_COOKIE", "true")? {
        "true" => Ok(true),
        "false" => Ok(false),
        value => Err(format!(
            "PERSISTENT_COOKIE: {value:?} is invalid; use true or false"
        )),
    }
}
