//! The driver: each rule of the `Driver` contract in a statement or two.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior::{Deferred, Immediate};
use rusqlite::{Connection, OptionalExtension, params};
use session_core::{
    Capacity, Clock, ConfigError, Driver, Error, Expected, Loaded, Record, Saved, SessionId,
    SystemClock, Timestamp, Touched, Version, async_trait,
};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};

use crate::file::{connect, left_until};

/// Stores records in an SQLite file, which several processes on one machine can share.
///
/// If the file is locked or fails, calls return
/// [`ErrorKind::Unavailable`](session_core::ErrorKind::Unavailable) within 2 seconds. A record is at
/// most 16 MiB of JSON.
///
/// # Panics
///
/// Calls panic outside a tokio runtime with its timer enabled, such as that of `#[tokio::main]`.
#[derive(Debug)]
pub struct SqliteDriver {
    clock: Arc<dyn Clock>,
    /// A connection of its own, so that reads do not wait for writes.
    reader: Lane,
    writer: Lane,
}

/// A connection behind a fair queue. Work holds it until it ends, even if its caller is gone.
type Lane = Arc<Mutex<Connection>>;

impl SqliteDriver {
    /// Opens or creates the file at `path`, which may be a `file:` URL. Blocks for at most 2 seconds.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if the file cannot be opened or written, is locked or damaged, is not
    /// a database, belongs to another application, has a newer schema, or is on a disk that does not
    /// support a write-ahead log. The file is left unchanged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let deadline = Instant::now() + PATIENCE;
        let lane = |behavior| {
            let mut connection = connect(path.as_ref(), deadline)?;
            connection.set_transaction_behavior(behavior);
            Ok(Arc::new(Mutex::new(connection)))
        };
        Ok(Self {
            clock: Arc::new(SystemClock),
            reader: lane(Deferred)?,
            writer: lane(Immediate)?,
        })
    }

    /// Sets the clock. Use the manager's clock if it has its own. Default: [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Runs `work` in a transaction on a blocking thread. Transactions of the writer exclude all other
    /// writers, in other processes too. `synchronous` is [`NORMAL`] or [`FULL`].
    async fn run<T: Send + 'static>(
        &self,
        lane: &Lane,
        synchronous: &'static str,
        work: impl FnOnce(&Connection, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        let (lane, clock) = (Arc::clone(lane), Arc::clone(&self.clock));
        let call = async {
            let mut connection = lane.lock_owned().await;
            let work = move || {
                connection.busy_timeout(left_until(deadline))?;
                connection.pragma_update(None, "synchronous", synchronous)?;
                let transaction = connection.transaction()?;
                let result = work(&transaction, clock.now())?;
                transaction.commit().map(|()| result)
            };
            let done = spawn_blocking(work).await.map_err(Error::unavailable)?;
            done.map_err(Error::unavailable)
        };
        let in_time = timeout(PATIENCE + GRACE, call).await;
        in_time.map_err(Error::unavailable)?
    }
}

#[async_trait]
impl Driver for SqliteDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let id = handle.to_owned();
        let work = move |sql: &Connection, now| Ok(find(sql, &id, now)?.flatten());
        self.run(&self.reader, NORMAL, work).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let id = record.id().as_str().to_owned();
        let json = record.to_json_without_expiry();
        // Under its old id, a session that has moved must not come back after a power failure.
        let synchronous = if record.is_moved() { FULL } else { NORMAL };
        let expected = match expected {
            Expected::Absent => None,
            Expected::Version(version) => Some(version.clone()),
        };
        let work = move |sql: &Connection, now| {
            sql.prepare_cached(SWEEP)?.execute([millis(now)])?;
            let row = find(sql, &id, now)?;
            let as_expected = match (&expected, &row) {
                (None, None) => true,
                (Some(expected), Some(Some(held))) => held.version == *expected,
                _ => false,
            };
            if !as_expected {
                return Ok(Saved::Conflict(row.flatten().map(Box::new)));
            }
            let row = params![id, millis(now + ttl), json];
            let version = sql.prepare_cached(PUT)?.insert(row)?;
            Ok(Saved::Done {
                handle: id,
                version: Version::number(version.unsigned_abs()),
            })
        };
        self.run(&self.writer, synchronous, work).await
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        let (id, version) = (record.id().as_str().to_owned(), version.clone());
        let work = move |sql: &Connection, now| match find(sql, &id, now)?.flatten() {
            None => Ok(Touched::Gone),
            Some(held) if held.version != version => Ok(Touched::MustSave),
            Some(_) => {
                let times = params![id, millis(now + ttl)];
                sql.prepare_cached(TOUCH)?.execute(times)?;
                Ok(Touched::Done)
            }
        };
        self.run(&self.writer, NORMAL, work).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let id = id.as_str().to_owned();
        let work = move |sql: &Connection, _| {
            sql.prepare_cached(DELETE)?.execute([id])?;
            Ok(())
        };
        self.run(&self.writer, FULL, work).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    fn capacity(&self) -> Capacity {
        Capacity::Json(LARGEST)
    }
}

/// Finds the row with this id. The inner `None` is a row that does not hold a record of this id.
fn find(sql: &Connection, id: &str, now: Timestamp) -> rusqlite::Result<Option<Option<Loaded>>> {
    let mut statement = sql.prepare_cached(FIND)?;
    let row = statement.query_one(params![id, millis(now)], |row| {
        let version = Version::number(row.get(0)?);
        let expires_at = Timestamp::from_millis(row.get(1)?);
        let record = Record::from_json(row.get_ref(2)?.as_str().unwrap_or_default());
        let record = record.ok().filter(|record| record.id().as_str() == id);
        Ok(record.map(|record| Loaded::new(record.expiring_at(expires_at), version)))
    });
    row.optional()
}

/// Converts to SQLite's signed integers.
fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

const FIND: &str = "SELECT version, expires_at, record FROM sessions \
    WHERE id = ?1 AND expires_at > ?2";
/// Replaces the row, if there is one. The new row gets the next version.
const PUT: &str = "INSERT OR REPLACE INTO sessions (id, expires_at, record) VALUES (?1, ?2, ?3)";
const TOUCH: &str = "UPDATE sessions SET expires_at = ?2 WHERE id = ?1";
const DELETE: &str = "DELETE FROM sessions WHERE id = ?1";
/// A save adds at most one record and removes up to 8, so expired records do not pile up.
const SWEEP: &str = "DELETE FROM sessions WHERE version IN \
    (SELECT version FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 8)";
/// Does not wait for the disk. A power failure may undo the last saves, but does not damage the file.
const NORMAL: &str = "NORMAL";
/// Waits for the disk, so that a power failure cannot undo a logout.
const FULL: &str = "FULL";
/// The largest record, in bytes of JSON. SQLite accepts 1 GB, but not within 2 seconds.
const LARGEST: usize = 16 * 1024 * 1024;
/// How long a call waits for its turn and for locks. The contract allows 2 seconds in all.
const PATIENCE: Duration = Duration::from_millis(1_750);
/// How much longer a call waits for the disk.
const GRACE: Duration = Duration::from_millis(250);
