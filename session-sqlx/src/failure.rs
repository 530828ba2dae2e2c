//! What an error of the database means.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Others were faster, and nothing was changed: try again.
    Overtaken,
    /// The connection broke, so nobody knows whether anything was changed.
    Lost,
    /// The server only reads, which is what a demoted one does.
    ReadOnly,
    /// Anything else.
    Other,
}

impl Cause {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed => Self::Lost,
            Error::Database(error) => match &*code(&**error) {
                // PostgreSQL: serialization failure, deadlock. MySQL: deadlock, changed since the last read.
                "40001" | "40P01" | "1213" | "1020" => Self::Overtaken,
                // PostgreSQL: shut down by the administrator, after a crash, or not ready. MySQL: shut down, killed.
                "57P01" | "57P02" | "57P03" | "1053" | "1927" => Self::Lost,
                // PostgreSQL. MySQL: the option, the transaction. SQLite.
                "25006" | "1290" | "1792" | "1836" | "8" => Self::ReadOnly,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// Why a call failed. The message names no id and no value.
#[derive(Debug)]
pub(crate) struct Failure {
    problem: &'static str,
    source: Option<Error>,
}

impl Failure {
    pub(crate) const fn unanswered() -> Self {
        Self {
            problem: "the database did not answer in time",
            source: None,
        }
    }

    /// No connection was free, or none could be made.
    pub(crate) fn unconnected(error: Error) -> Self {
        match (Cause::of(&error), error) {
            (_, Error::PoolTimedOut) => Self {
                problem: NO_CONNECTION,
                source: None,
            },
            (_, error @ Error::PoolClosed) | (Cause::ReadOnly, error) => error.into(),
            (_, error) => Self {
                problem: NO_CONNECTION,
                source: Some(error),
            },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let problem = match (Cause::of(&error), &error) {
            (Cause::ReadOnly, _) => "the database is read-only, as after a failover",
            (Cause::Lost, _) => "the connection to the database broke",
            (Cause::Overtaken, _) => "others kept changing the session",
            (Cause::Other, Error::PoolClosed) => "the pool is closed",
            (Cause::Other, _) => "the database rejected a statement",
        };
        Self {
            problem,
            source: Some(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Returns `true` if a row with this key exists already.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    matches!(error, Error::Database(error) if error.kind() == ErrorKind::UniqueViolation)
}

/// Returns `true` for what keeps a server from accepting a connection only for a while: it is down, starting, or full.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Io(_) => !is_untrusted(error),
        // PostgreSQL: not ready, full. MySQL: full.
        Error::Database(error) => matches!(&*code(&**error), "57P03" | "53300" | "1040" | "1203"),
        _ => false,
    }
}

/// Returns `true` if the server's certificate was refused.
pub(crate) fn is_untrusted(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::InvalidData)
}

/// Returns the code by which the database's manual lists an error: MySQL's number rather than its SQLSTATE.
pub(crate) fn code(error: &dyn DatabaseError) -> String {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return error.number().to_string();
    }
    let code = error.code().unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        // The first byte is the primary code.
        let primary = code.parse::<u32>().map(|code| (code & 0xff).to_string());
        return primary.unwrap_or_default();
    }
    code.into_owned()
}

pub(crate) const NO_CONNECTION: &str =
    "no connection to the database was free or could be made in time";
