//! The limits of the settings, and what a database rejects when a service starts.

use std::time::Duration;

use session_core::ConfigError;
use sqlx::Error;

use crate::dialect::Dialect;
use crate::failure::{NO_CONNECTION, code, is_untrusted};

pub(crate) fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if (MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout) {
        return Ok(());
    }
    Err(ConfigError::new(
        "database timeout",
        format!("{timeout:?} is out of range"),
        "use 10 ms to 60 s; the default is 1 s",
    ))
}

pub(crate) fn check_pool_size(connections: u32) -> Result<(), ConfigError> {
    if (1..=MOST_CONNECTIONS).contains(&connections) {
        return Ok(());
    }
    Err(ConfigError::new(
        "database pool size",
        format!("{connections} is out of range"),
        "use 1 to 10000; the default is 10",
    ))
}

/// No database takes as many. The pool reserves memory for its connections.
const MOST_CONNECTIONS: u32 = 10_000;

/// Returns the kind of database that a URL names, if its feature is on.
pub(crate) fn dialect_of(url: &str, asked: Option<Dialect>) -> Result<Dialect, ConfigError> {
    let Some(dialect) = Dialect::of_url(url) else {
        let form = asked.unwrap_or(Dialect::Postgres).url_form();
        return Err(invalid_url(form));
    };
    if let Some(asked) = asked.filter(|asked| *asked != dialect) {
        return Err(ConfigError::new(
            "DATABASE_URL",
            format!(
                "is a URL of {}, but the driver is {}",
                dialect.name(),
                asked.name()
            ),
            format!(
                "set SESSION_DRIVER={}, or use the form {}",
                dialect.name(),
                asked.url_form()
            ),
        ));
    }
    if !dialect.is_built_in() {
        return Err(ConfigError::new(
            "DATABASE_URL",
            format!(
                "is a URL of {0}, and the feature `{0}` is off",
                dialect.name()
            ),
            format!("turn on the feature `{}`", dialect.name()),
        ));
    }
    Ok(dialect)
}

pub(crate) fn invalid_url(form: &str) -> ConfigError {
    let remedy = format!("use the form {form}");
    ConfigError::new("DATABASE_URL", "is not a valid database URL", remedy)
}

pub(crate) fn not_set(dialect: Option<Dialect>) -> ConfigError {
    let form = dialect.unwrap_or(Dialect::Postgres).url_form();
    let remedy = format!("set it, in the form {form}");
    ConfigError::new("DATABASE_URL", "is not set", remedy)
}

/// Turns an error at the start into a problem and its remedy.
pub(crate) fn explain(error: Error, dialect: Dialect) -> ConfigError {
    let code = match &error {
        Error::Database(error) => code(&**error),
        _ => String::new(),
    };
    let (problem, remedy) = match (dialect, &*code) {
        (Dialect::Postgres, "28P01" | "28000") | (Dialect::MySql, "1045" | "1698" | "1251") => (
            "has no user name and password that the server accepts",
            "put them before the host: //user:password@host",
        ),
        (Dialect::Postgres, "3D000") | (Dialect::MySql, "1049") => (
            "names a database that does not exist",
            "create it, or correct the name after the host",
        ),
        (Dialect::Postgres, "42501") | (Dialect::MySql, "1044" | "1142" | "1370" | "1227") => (
            "has a user who lacks a right that sessions need",
            "grant SELECT, INSERT, UPDATE and DELETE on the table; and CREATE, or create the table yourself",
        ),
        (Dialect::Postgres, "3F000") => (
            "leads to a database without the table's schema",
            "create the schema, or correct SESSION_TABLE",
        ),
        (Dialect::Postgres, "53300") | (Dialect::MySql, "1040" | "1203") => (
            "leads to a server that has too many connections",
            "raise its limit, or make the pools smaller",
        ),
        (Dialect::Postgres, "25006") | (Dialect::MySql, "1290" | "1792" | "1836") => (
            "leads to a server that only reads",
            "use the address of the primary",
        ),
        (Dialect::Sqlite, "8") => (
            "leads to a file that cannot be written",
            "let the service write the file and its folder",
        ),
        (Dialect::Sqlite, "14") => (
            "leads to a file that cannot be opened",
            "create its folder, and let the service write there",
        ),
        (Dialect::Sqlite, "26" | "11") => (
            "leads to a file that is not a database, or is damaged",
            "use another path, or restore the file",
        ),
        (Dialect::Sqlite, "5" | "6") => (
            "leads to a file that is locked",
            "find the process that holds the lock",
        ),
        _ => match &error {
            error if matches!(error, Error::Tls(_)) || is_untrusted(error) => (
                "asks for encryption that does not work",
                "turn on the feature `tls` of session-sqlx, `database-tls` of your adapter; and trust the server's certificate",
            ),
            Error::Io(_) | Error::PoolTimedOut | Error::Protocol(_) => (
                "leads to no server that answers",
                "check the host and the port, and that the server is running",
            ),
            Error::Configuration(_) if dialect == Dialect::MySql => (
                "has a password that the server accepts only over an encrypted connection",
                "turn on the feature `tls` of session-sqlx, `database-tls` of your adapter; and add ?ssl-mode=REQUIRED",
            ),
            Error::Configuration(_) => return invalid_url(dialect.url_form()),
            _ => (
                "leads to a database that rejects what sessions need",
                "see the cause",
            ),
        },
    };
    let error: Box<dyn std::error::Error + Send + Sync> = match error {
        Error::PoolTimedOut => NO_CONNECTION.into(),
        error => error.into(),
    };
    ConfigError::new("DATABASE_URL", problem, remedy).with_source(error)
}

const MIN_TIMEOUT: Duration = Duration::from_millis(10);
const MAX_TIMEOUT: Duration = Duration::from_secs(60);
