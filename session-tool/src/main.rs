#![doc = include_str!("../README.md")]

mod args;
mod config_file;
mod doctor;
mod driver;
mod failure;
mod finding;
mod help;
mod input;
mod inspect;
mod output;
mod owner;
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
        .map_err(|error| Failure::new(format!("cannot start the runtime ({error})")))
        .and_then(|runtime| {
            let result = runtime.block_on(run(arguments.command));
            // Do not wait for a DNS server that does not answer.
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
    match command {
        Command::Key => {
            let secret = Secret::generate()?;
            output::print(&format!("{}\n", String::from_utf8_lossy(secret.expose())))?;
            Ok(Answer::Yes)
        }
        Command::Inspect(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            inspect::run(&arguments, &variables).await
        }
        Command::Sign(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            sign::run(&arguments, &variables).await
        }
        Command::Doctor(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            doctor::run(&arguments, &variables).await
        }
        Command::Show(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            store::show(&arguments, &variables).await
        }
        Command::List(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            owner::list(&arguments, &variables).await
        }
        Command::Revoke(arguments) => {
            let variables = Variables::of(&arguments.sources)?;
            match &arguments.owner {
                Some(owner) => owner::revoke(owner, arguments.except.as_deref(), &variables).await,
                None => store::revoke(arguments.id.as_deref(), &variables).await,
            }
        }
        Command::Watch(arguments) => {
            let variables = Variables::read(&arguments.config, None)?;
            store::watch(&arguments, &variables).await
        }
    }
}

/// Prints the requested help, or the error in the command line.
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
            output::complain(format_args!("no command given\n\n{}", text.trim_end()));
            ExitCode::from(2)
        }
        _ => {
            let text = text.trim_end();
            output::complain(text.strip_prefix("error: ").unwrap_or(text));
            ExitCode::from(2)
        }
    }
}
