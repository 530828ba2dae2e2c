//! Inspects, signs and revokes sessions and checks the configuration: a command-line program for people who run
//! services, without HTTP.
//!
//! ```text
//! session-tool key                     make a secret
//! session-tool inspect [COOKIE]        what a cookie holds, and whether the service accepts it
//! session-tool sign [JSON]             make a cookie, for tests
//! session-tool doctor                  check the configuration, and Redis
//! session-tool show ID                 show a session in Redis
//! session-tool revoke ID               end it
//! session-tool watch                   follow the number of sessions in Redis
//! ```
//!
//! It reads the environment of the service (`SESSION_SECRET`, `SESSION_DRIVER`, `REDIS_URL` and so on) as the library
//! does, so run it where that is set, or with the secret from a file: `--secret-file`. It takes no secret on its command
//! line, which other users of the machine can read. What a service sets in code, such as an absolute lifetime, it cannot
//! know. Every command explains itself with `--help`.
//!
//! ```sh
//! $ curl -si https://example.com/ | session-tool inspect
//! valid
//! driver   cookie
//! id       11111111…
//! key      1 of 2, the primary one
//! expires  2026-11-25T12:28:04Z, in 1 h 59 min
//! size     185 of 4096 bytes
//! data     user  42
//! flash    none
//! ```
//!
//! Errors go to standard error. The exit code is 0 for yes (valid, there, all is well), 1 for no, and 2 where there is
//! no answer: wrong usage, an impossible setting, a Redis that does not answer.
//!
//! # Sessions without HTTP
//!
//! The program embeds `session-core` as a WebSocket server or a background job does: `inspect` opens a session by its
//! token, `sign` commits one and prints the outcome, and nothing of `http` is among its dependencies. Whether a cookie is
//! valid is decided by [`SessionManager::open`](session_core::SessionManager::open) with the service's own driver, not by
//! a copy of its rules.

mod args;
mod doctor;
mod failure;
mod finding;
mod input;
mod inspect;
mod output;
mod sign;
mod store;
mod time;
mod variables;
mod verdict;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use session_core::Secret;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::output::Answer;
use crate::variables::Variables;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start ({error})")))
        .and_then(|runtime| {
            let result = runtime.block_on(run(arguments.command));
            // A name server that does not answer must not hold up the end.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            output::complain(failure);
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> Result<Answer, Failure> {
    let variables = Variables::from_env();
    match command {
        Command::Key => {
            let secret = Secret::generate()?;
            output::print(&format!("{}\n", String::from_utf8_lossy(secret.expose())))?;
            Ok(Answer::Yes)
        }
        Command::Inspect(arguments) => {
            let variables = variables.with_secret_file(arguments.secret.secret_file.as_deref())?;
            inspect::run(&arguments, &variables).await
        }
        Command::Sign(arguments) => {
            let variables = variables.with_secret_file(arguments.secret.secret_file.as_deref())?;
            sign::run(&arguments, &variables).await
        }
        Command::Doctor(arguments) => {
            let variables = variables.with_secret_file(arguments.secret.secret_file.as_deref())?;
            doctor::run(&arguments, &variables).await
        }
        Command::Show(arguments) => store::show(&arguments, &variables).await,
        Command::Revoke(arguments) => store::revoke(&arguments, &variables).await,
        Command::Watch(arguments) => store::watch(&arguments, &variables).await,
    }
}

/// Prints the help that was asked for, or what is wrong with the command line, as all errors are.
fn explain(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match output::print(&text) {
            Ok(_) => ExitCode::SUCCESS,
            Err(failure) => {
                output::complain(failure);
                ExitCode::from(2)
            }
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::complain(format_args!("a command is missing\n\n{}", text.trim_end()));
            ExitCode::from(2)
        }
        _ => {
            let text = text.trim_end();
            output::complain(text.strip_prefix("error: ").unwrap_or(text));
            ExitCode::from(2)
        }
    }
}
