//! Opens the file, creates it if necessary, and refuses files that are not ours.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode, TransactionBehavior};
use session_core::ConfigError;

/// Opens a connection to the store at `path`.
pub(crate) fn connect(path: &Path, deadline: Instant) -> Result<Connection, ConfigError> {
    let refuse = |(problem, remedy): Reason| {
        ConfigError::new("SQLite file", format!("{path:?} {problem}"), remedy)
    };
    match open(path, deadline) {
        Ok(opened) => opened.map_err(refuse),
        Err(error) => Err(refuse(explain(&error)).with_source(error)),
    }
}

/// The outer error comes from SQLite. The inner one says why the file is not ours to use.
fn open(path: &Path, deadline: Instant) -> Result<Result<Connection, Reason>, Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(left_until(deadline))?;
    // SQLite would otherwise downgrade transactions to read-only without an error.
    if connection.is_readonly("main")? {
        return Ok(Err(READ_ONLY));
    }

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.query_one(OWNER, [], |row| row.try_into())? {
        (APPLICATION, VERSION, _) => {}
        (0, 0, 0) => {
            transaction.execute_batch(TABLE)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        (APPLICATION, _, _) => return Ok(Err(NEWER)),
        _ => return Ok(Err(FOREIGN)),
    }
    transaction.commit()?;

    // If two processes turn the log on at once, SQLite fails one of them without waiting.
    let mode: String = loop {
        match connection.query_one("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if explain(&error) == LOCKED && Instant::now() < deadline => sleep(MOMENT),
            mode => break mode?,
        }
    };
    Ok(if mode == "wal" {
        Ok(connection)
    } else {
        Err(NO_LOG)
    })
}

pub(crate) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn explain(error: &Error) -> Reason {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => LOCKED,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => READ_ONLY,
        Some(ErrorCode::NotADatabase) => ("is not an SQLite database", "name another file"),
        Some(ErrorCode::DatabaseCorrupt) => ("is damaged", "restore it or move it away"),
        _ => ("cannot be used", "see the cause"),
    }
}

/// A problem and its remedy.
type Reason = (&'static str, &'static str);

const READ_ONLY: Reason = (
    "cannot be written",
    "check the permissions of the file and its folder",
);
const LOCKED: Reason = ("is locked by another process", "stop that process");
const NEWER: Reason = ("has a newer schema", "update the service");
const FOREIGN: Reason = ("belongs to another application", "name another file");
const NO_LOG: Reason = (
    "does not support a write-ahead log",
    "name a file on a local disk",
);

const OWNER: &str = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version";
/// `sess` in ASCII.
const APPLICATION: i64 = 0x7365_7373;
const VERSION: i64 = 1;
/// AUTOINCREMENT never reuses a version, even after its row is deleted.
const TABLE: &str = "
    CREATE TABLE sessions (
        version INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        expires_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
        record TEXT NOT NULL         -- JSON, without the expiry
    ) STRICT;
    CREATE INDEX sessions_by_expiry ON sessions (expires_at);";
const MOMENT: Duration = Duration::from_millis(1);
