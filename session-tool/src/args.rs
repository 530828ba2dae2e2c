//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use session_core::Timestamp;

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
    pub(crate) secret: SecretFile,
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
    pub(crate) secret: SecretFile,
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
    pub(crate) secret: SecretFile,
}

/// Show a session stored on a server.
///
/// With SESSION_ENCRYPT, the secret decrypts it.
#[derive(Args)]
#[command(after_help = STORE)]
pub(crate) struct Show {
    /// The session's whole id, as `inspect --full-id` prints it. If this is `-`, read from standard input.
    pub(crate) id: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the whole id instead of its first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
}

/// End a session stored on a server, so that its cookie stops working.
#[derive(Args)]
#[command(after_help = STORE)]
pub(crate) struct Revoke {
    /// The session's whole id, as `inspect --full-id` prints it. If this is `-`, read from standard input.
    pub(crate) id: String,
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

const ENVIRONMENT: &str = "\
Environment, as the service reads it:
  SESSION_DRIVER            cookie, redis, postgres, mysql, sqlite or memory [default: cookie]
  SESSION_SECRET            signing secret; falls back to APP_KEY
  SESSION_PREVIOUS_SECRETS  comma-separated secrets that are still accepted
  SESSION_LIFETIME          minutes of inactivity before a session expires
                            [default: 120]
  SESSION_COOKIE            cookie name [default: session]
  SESSION_SECURE, SESSION_SAME_SITE, SESSION_PATH, SESSION_DOMAIN
                            cookie attributes
  SESSION_ENCRYPT           whether sessions are encrypted [default: false]
  SESSION_PLAIN_RECORDS     with encryption, what happens to other sessions:
                            refuse, accept or write [default: refuse]
  REDIS_URL                 Redis server [default: redis://127.0.0.1:6379]
  SESSION_PREFIX            prefix of session keys in Redis [default: session:]
  DATABASE_URL              SQL database
  SESSION_TABLE             table in the SQL database [default: sessions]

Secrets are never read from the command line, which other users can see.

Exit codes:
  0  yes: the cookie is valid, the session exists, all checks passed
  1  no: the cookie is invalid, the session does not exist, a check failed
  2  error: wrong usage, an invalid setting, the server is down";

const KEY: &str = "\
Example:
  session-tool key > session.secret

To change the secret without logging anyone out, set SESSION_SECRET to the new one and SESSION_PREVIOUS_SECRETS to the \
old one. Remove the old one after SESSION_LIFETIME.";

const INSPECT: &str = "\
Examples:
  session-tool inspect eyJpZCI6Ij…
  curl -si https://example.com/ | session-tool inspect --json

JSON fields, null if unknown:
  valid       whether the service accepts the cookie; null if the server is down
  reason      why it does not: one of the words below
  driver      where the session lives: cookie, redis, postgres, mysql or sqlite
  id          session id
  data        session data
  flash       flash data for the next request
  expires_at  when the session expires, UTC
  key         which key signed the cookie: 0 is SESSION_SECRET, followed by
              SESSION_PREVIOUS_SECRETS
  size        bytes of the cookie's name and value
  limit       the largest size that browsers accept

Reasons:
  absent       there is no cookie named SESSION_COOKIE
  malformed    it is truncated, or does not contain a session
  forged       its signature matches no key; its content is not shown
  expired      the session has expired
  no expiry    the session would never expire
  no record    the server has no such session
  foreign      it belongs to a driver other than SESSION_DRIVER
  encrypted    the session is encrypted, and SESSION_ENCRYPT is off
  not encrypted
               the session is not encrypted, and SESSION_ENCRYPT is on
  too many     too many cookies of the same name come before it
  unavailable  its signature is correct, but the store cannot be reached

Exit codes: 0 valid, 1 invalid, 2 error or unknown.";

const SIGN: &str = "\
Examples:
  session-tool sign '{\"user_id\":42}'
  session-tool sign '{}' --flash '{\"notice\":\"Hi\"}' --set-cookie
  session-tool sign '{}' --expires-in -1m    # expired a minute ago";

const DOCTOR: &str = "\
Some checks are stricter in production, which means that APP_ENV or NODE_ENV is `production`.

Exit codes: 0 no check failed, 1 a check failed (with --strict, or warned), 2 error.";

const STORE: &str = "\
Uses the table SESSION_TABLE of DATABASE_URL if SESSION_DRIVER is postgres, mysql or sqlite; otherwise the Redis server \
at REDIS_URL and keys that start with SESSION_PREFIX. Needs no secret, except to show \
an encrypted session.

Exit codes: 0 the session exists, 1 it does not, 2 error.";

const WATCH: &str = "\
Uses the table SESSION_TABLE of DATABASE_URL if SESSION_DRIVER is postgres, mysql or sqlite; otherwise the Redis server \
at REDIS_URL and keys that start with SESSION_PREFIX. Needs no secret, but permission to run SCAN in Redis.

Exit codes: 0 success, 2 the last count failed.";

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
