//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use session_core::Timestamp;

use crate::help::{DOCTOR, ENVIRONMENT, INSPECT, KEY, LIST, REVOKE, SIGN, STORE, WATCH};
use crate::time::{self, Expiry};

/// Inspect, sign and revoke sessions, and check a service's configuration.
///
/// Reads the same environment variables as the service and makes the same decisions.
#[derive(Parser)]
#[command(version, after_long_help = ENVIRONMENT, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Generate a secret for SESSION_SECRET.
    ///
    /// Prints 32 random bytes from the operating system as 43 base64url characters.
    #[command(after_help = KEY)]
    Key,
    Inspect(Inspect),
    Sign(Sign),
    Doctor(Doctor),
    Show(Show),
    List(List),
    Revoke(Revoke),
    Watch(Watch),
}

/// Decode a cookie and check whether the service accepts it.
///
/// If the session lives on a server, its record is looked up there, but only if the signature is correct.
#[derive(Args)]
#[command(after_long_help = INSPECT)]
pub(crate) struct Inspect {
    /// The cookie: its value, `name=value`, or a whole Cookie or Set-Cookie line. If this is `-` or omitted, read from
    /// standard input, which may hold all headers of a response.
    pub(crate) cookie: Option<OsString>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the whole id instead of its first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
    /// Decide as of this time instead of now: a UTC time such as 2023-11-14T22:13:20Z, or milliseconds since the Unix
    /// epoch. Works only with the cookie driver.
    #[arg(long, value_name = "TIME", value_parser = time::parse_time)]
    pub(crate) at: Option<Timestamp>,
    /// Decide like a service that is migrating from @rudderjs/session 1.x, with the option `accept_without_expiry`.
    #[arg(long)]
    pub(crate) accept_without_expiry: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Create a signed cookie from JSON, for testing.
///
/// If sessions live on a server, the session is stored there.
#[derive(Args)]
#[command(after_help = SIGN)]
pub(crate) struct Sign {
    /// The session's data, a JSON object. If this is `-` or omitted, read from standard input.
    #[arg(value_name = "JSON")]
    pub(crate) data: Option<String>,
    /// The flash data for the next request, a JSON object.
    #[arg(long, value_name = "JSON")]
    pub(crate) flash: Option<String>,
    /// The session's id. Default: a random one.
    #[arg(long, value_parser = parse_id)]
    pub(crate) id: Option<String>,
    /// When the session expires: 90s, 2h, 7d, or a number of minutes. A negative value is in the past. Default:
    /// SESSION_LIFETIME.
    #[arg(
        long,
        alias = "lifetime",
        value_name = "DURATION",
        allow_hyphen_values = true
    )]
    #[arg(value_parser = time::parse_expiry)]
    pub(crate) expires_in: Option<Expiry>,
    /// Print a whole Set-Cookie line with the configured attributes.
    #[arg(long)]
    pub(crate) set_cookie: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Check the service's configuration and its Redis server or database.
///
/// Each line starts with `ok`, `warn` or `fail`. Warnings and failures come with a remedy.
#[derive(Args)]
#[command(after_help = DOCTOR)]
pub(crate) struct Doctor {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Treat warnings as failures.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Show a session stored on a server.
///
/// With SESSION_ENCRYPT, the secret decrypts it.
#[derive(Args)]
#[command(after_help = STORE)]
pub(crate) struct Show {
    /// The session's id, or at least its first eight characters, as a log line shows them. If this is `-`, read from
    /// standard input.
    pub(crate) id: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the whole id instead of its first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// List a user's sessions.
///
/// Needs SESSION_OWNER_KEY, as the service has it. With SESSION_ENCRYPT, the secret decrypts them.
#[derive(Args)]
#[command(after_long_help = LIST)]
pub(crate) struct List {
    /// The user: what the service stores under SESSION_OWNER_KEY. A number counts as its text.
    #[arg(long, value_name = "OWNER", allow_hyphen_values = true)]
    pub(crate) owner: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print whole ids instead of their first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// End a session stored on a server, or all sessions of a user, so that their cookies stop working.
#[derive(Args)]
#[command(after_help = REVOKE)]
pub(crate) struct Revoke {
    /// The session's id, or at least its first eight characters, as a log line shows them. If this is `-`, read from
    /// standard input.
    #[arg(required_unless_present = "owner", conflicts_with = "owner")]
    pub(crate) id: Option<String>,
    /// End all sessions of this user: what the service stores under SESSION_OWNER_KEY.
    #[arg(long, value_name = "OWNER", allow_hyphen_values = true)]
    pub(crate) owner: Option<String>,
    /// With --owner, keep this session of the user: its id, or at least its first eight characters.
    #[arg(long, value_name = "ID", requires = "owner", conflicts_with = "id")]
    pub(crate) except: Option<String>,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Monitor the number of sessions on the server.
///
/// Counts the keys that start with SESSION_PREFIX, on every master of a cluster. It uses SCAN, which does not block other
/// commands.
#[derive(Args)]
#[command(after_help = WATCH)]
pub(crate) struct Watch {
    /// Seconds between counts.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = time::parse_interval)]
    pub(crate) interval: Duration,
    /// Stop after this many counts. Default: run until interrupted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// Where settings come from, besides the environment.
#[derive(Args)]
pub(crate) struct Sources {
    #[command(flatten)]
    pub(crate) secret: SecretFile,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Args)]
pub(crate) struct ConfigFile {
    /// Read the settings from this JSON or TOML file: the service's configuration file, which environment variables
    /// replace, or what the service prints as its settings. If this is `-`, read from standard input.
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// The table of the file that holds the settings, such as `session` or `web.session`. Default: the whole file.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub(crate) section: Option<String>,
}

#[derive(Args)]
pub(crate) struct SecretFile {
    /// Read the secret from this file instead of SESSION_SECRET and APP_KEY. If this is `-`, read from standard input.
    #[arg(long, value_name = "PATH")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// An id goes into the cookie's value unencoded, so it may only hold what fits there (RFC 6265, "Syntax").
fn parse_id(id: &str) -> Result<String, String> {
    if !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte))
    {
        Ok(id.to_owned())
    } else {
        Err("use letters, digits, '-' and '_'".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_id_fits_into_a_cookie() {
        assert!(parse_id("11111111-1111-4111-8111-111111111111").is_ok());
        for id in ["", "a b", "a;b", "a,b", "a\"b", "a\\b", "é", "a\n"] {
            assert!(parse_id(id).is_err(), "{id:?}");
        }
    }
}
