//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use session_core::Timestamp;

use crate::time::{self, Expiry};

/// Inspects, signs and revokes sessions and checks the configuration, without HTTP.
///
/// It reads the environment of the service, and decides as the service does.
#[derive(Parser)]
#[command(version, after_long_help = ENVIRONMENT, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a secret for SESSION_SECRET.
    ///
    /// It is 32 random bytes of the operating system, as 43 characters of base64url.
    #[command(after_help = KEY)]
    Key,
    Inspect(Inspect),
    Sign(Sign),
    Doctor(Doctor),
    Show(Show),
    Revoke(Revoke),
    Watch(Watch),
}

/// Show what a cookie holds, and whether the service accepts it.
///
/// With SESSION_DRIVER=redis the session's record is looked up; a cookie with a wrong signature never gets that far.
#[derive(Args)]
#[command(after_long_help = INSPECT)]
pub(crate) struct Inspect {
    /// The cookie: its value, `name=value`, or a whole Cookie or Set-Cookie line. `-` or nothing: from standard input,
    /// where it may be among the other headers of a response.
    pub(crate) cookie: Option<OsString>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the whole id instead of its first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
    /// Decide as of this time: UTC as in 2023-11-14T22:13:20Z, or milliseconds since the Unix epoch. For cookies of the
    /// cookie driver.
    #[arg(long, value_name = "TIME", value_parser = time::parse_time)]
    pub(crate) at: Option<Timestamp>,
    /// Decide as a service with the option `accept_without_expiry`, while it moves from @rudderjs/session 1.x.
    #[arg(long)]
    pub(crate) accept_without_expiry: bool,
    #[command(flatten)]
    pub(crate) secret: SecretFile,
}

/// Make a cookie from JSON, for tests.
///
/// With SESSION_DRIVER=redis the session is stored in Redis.
#[derive(Args)]
#[command(after_help = SIGN)]
pub(crate) struct Sign {
    /// The session's data, a JSON object. `-` or nothing: from standard input.
    #[arg(value_name = "JSON")]
    pub(crate) data: Option<String>,
    /// The flash for the next request, a JSON object.
    #[arg(long, value_name = "JSON")]
    pub(crate) flash: Option<String>,
    /// The session's id. Without it: a random one.
    #[arg(long, value_parser = parse_id)]
    pub(crate) id: Option<String>,
    /// When the session ends: 90s, 2h, 7d, or minutes; with a minus sign, how long ago it did. Without it: after
    /// SESSION_LIFETIME.
    #[arg(
        long,
        alias = "lifetime",
        value_name = "DURATION",
        allow_hyphen_values = true
    )]
    #[arg(value_parser = time::parse_expiry)]
    pub(crate) expires_in: Option<Expiry>,
    /// Print the whole Set-Cookie line, with the attributes of the configuration.
    #[arg(long)]
    pub(crate) set_cookie: bool,
    #[command(flatten)]
    pub(crate) secret: SecretFile,
}

/// Check the configuration of the service, and its Redis.
///
/// Each line is `ok`, `warn` or `fail`, and says what to do about it.
#[derive(Args)]
#[command(after_help = DOCTOR)]
pub(crate) struct Doctor {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Take a warning for a failure.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) secret: SecretFile,
}

/// Show a session in Redis.
#[derive(Args)]
#[command(after_help = STORE)]
pub(crate) struct Show {
    /// The session's whole id: `inspect --full-id` prints that of a cookie. `-`: from standard input.
    pub(crate) id: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the whole id instead of its first eight characters.
    #[arg(long)]
    pub(crate) full_id: bool,
}

/// End a session in Redis: whoever has its cookie is logged out.
#[derive(Args)]
#[command(after_help = STORE)]
pub(crate) struct Revoke {
    /// The session's whole id: `inspect --full-id` prints that of a cookie. `-`: from standard input.
    pub(crate) id: String,
}

/// Follow the number of sessions in Redis.
///
/// It counts the keys that start with SESSION_PREFIX by SCAN, which lets other commands run in between, on every master
/// of a Cluster.
#[derive(Args)]
#[command(after_help = WATCH)]
pub(crate) struct Watch {
    /// Seconds between two counts.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = time::parse_interval)]
    pub(crate) interval: Duration,
    /// Stop after so many counts. Without it: go on until interrupted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

/// Where the secret is, if not in the environment.
#[derive(Args)]
pub(crate) struct SecretFile {
    /// Read the secret from this file instead of SESSION_SECRET and APP_KEY; `-`: from standard input.
    #[arg(long, value_name = "PATH")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// An id goes into a cookie's value as it is (RFC 6265, "Syntax").
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
  SESSION_DRIVER            cookie, redis or memory. Without it: cookie
  SESSION_SECRET            the signing secret; APP_KEY stands in for it
  SESSION_PREVIOUS_SECRETS  secrets still accepted, separated by commas
  SESSION_LIFETIME          minutes without use until a session ends: 120
  SESSION_COOKIE            the cookie's name: session
  SESSION_SECURE, SESSION_SAME_SITE, SESSION_PATH, SESSION_DOMAIN
                            the cookie's attributes
  REDIS_URL                 where Redis is: redis://127.0.0.1:6379
  SESSION_PREFIX            what the keys in Redis start with: session:

No secret is taken from the command line, which other users can read.

Exit codes:
  0  yes: valid, there, all is well
  1  no: not valid, not there, a check failed
  2  no answer: wrong usage, an impossible setting, a Redis that is down";

const KEY: &str = "\
Example:
  session-tool key > session.secret

To change a secret without logging anyone out, give the service the new one as SESSION_SECRET and the old one as \
SESSION_PREVIOUS_SECRETS, and drop the old one after SESSION_LIFETIME.";

const INSPECT: &str = "\
Examples:
  session-tool inspect eyJpZCI6Ij…
  curl -si https://example.com/ | session-tool inspect --json

The fields of the JSON, null where they are not known:
  valid       whether the service accepts it; null if Redis is down
  reason      why not: one of the words below
  driver      cookie or redis: where its session lives
  id          of the session
  data        what the session holds
  flash       what the next request will see once
  expires_at  when the session ends, UTC
  key         which key signed it: 0 is SESSION_SECRET, then the
              SESSION_PREVIOUS_SECRETS
  size        bytes of the cookie's name and value
  limit       the most that browsers keep of these

Reasons:
  absent       there is no cookie of the name SESSION_COOKIE
  malformed    it is cut off, or holds no session
  forged       no key signed it; what it holds is not shown
  expired      its session has ended
  no expiry    it would never end
  no record    Redis has no such session
  foreign      it is of another driver than SESSION_DRIVER
  too many     the service does not look at so many of one name
  unavailable  it is signed, but the store cannot be asked

Exit codes: 0 valid, 1 not valid, 2 not known.";

const SIGN: &str = "\
Examples:
  session-tool sign '{\"user_id\":42}'
  session-tool sign '{}' --flash '{\"notice\":\"Hi\"}' --set-cookie
  session-tool sign '{}' --expires-in -1m    # ended a minute ago";

const DOCTOR: &str = "\
It is production where APP_ENV or NODE_ENV says `production`.

Exit codes: 0 all ok, or warnings only; 1 a failure, or with --strict a warning; 2 wrong usage.";

const STORE: &str = "\
Redis is where REDIS_URL says, and the keys start with SESSION_PREFIX. No secret is needed.

Exit codes: 0 there was such a session, 1 there is none, 2 not known.";

const WATCH: &str = "\
Redis is where REDIS_URL says, and the keys start with SESSION_PREFIX. No secret is needed, but the right to SCAN.

Exit codes: 0 counted, 2 the last count failed.";

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
