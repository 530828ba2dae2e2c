//! The driver: each promise of `Driver`'s contract as a statement or two.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior::{Deferred, Immediate};
use rusqlite::{Connection, OptionalExtension, params};
use session_core::{
    Capacity, Clock, ConfigError, Driver, Error, Expected, Loaded, Record, Retired, Saved,
    SessionId, SystemClock, Timestamp, Touched, Version, async_trait,
};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};

use crate::file::{connect, left_until};

/// Keeps records in an SQLite file, which several processes of one machine may share.
///
/// Made for a tokio runtime with its timer on, as `#[tokio::main]` makes it; calls panic without. A
/// file that is locked or fails is [`ErrorKind::Unavailable`](session_core::ErrorKind::Unavailable)
/// within 2 seconds. A record is at most 16 MiB of JSON.
#[derive(Debug)]
pub struct SqliteDriver {
    clock: Arc<dyn Clock>,
    /// A connection of its own, so that no read waits for a write.
    reader: Lane,
    writer: Lane,
}

/// A connection with a fair queue before it. Work that has begun holds it to its end.
type Lane = Arc<Mutex<Connection>>;

impl SqliteDriver {
    /// Opens the file at `path`, a path or a `file:` URL as SQLite has it, and makes it if there is
    /// none. Blocks, at most 2 seconds.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] when the file cannot be opened or written, is locked, damaged, no database,
    /// of another application or of a newer schema, or lies where SQLite can keep no write-ahead
    /// log. What is in it stays as it is.
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

    /// Sets where time comes from: the clock of the manager, if that has one of its own. Default:
    /// [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Runs `work` in a transaction, on a thread for blocking work. One of the writer excludes all
    /// other writers, those of other processes too. `synchronous` is [`NORMAL`] or [`FULL`].
    async fn run<T: Send + 'static>(
        &self,
        lane: &Lane,
        synchronous: &'static str,
        work: impl FnOnce(&Connection, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        let (lane, clock) = (Arc::clone(lane), Arc::clone(&self.clock));
        let answer = async {
            let mut connection = lane.lock_owned().await;
            let work = move || {
                connection.busy_timeout(left_until(deadline))?;
                connection.pragma_update(None, "synchronous", synchronous)?;
                let transaction = connection.transaction()?;
                let answer = work(&transaction, clock.now())?;
                transaction.commit().map(|()| answer)
            };
            let done = spawn_blocking(work).await.map_err(Error::unavailable)?;
            done.map_err(Error::unavailable)
        };
        let in_time = timeout(PATIENCE + GRACE, answer).await;
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
            sql.prepare_cached(PUT)?.execute(row)?;
            Ok(Saved::Done { handle: id })
        };
        self.run(&self.writer, NORMAL, work).await
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let id = id.as_str().to_owned();
        let work = move |sql: &Connection, now| {
            let times = params![id, millis(now), millis(now + ttl)];
            match sql.prepare_cached(TOUCH)?.execute(times)? {
                0 => Ok(Touched::Gone),
                _ => Ok(Touched::Done),
            }
        };
        self.run(&self.writer, NORMAL, work).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let id = id.as_str().to_owned();
        let work = move |sql: &Connection, _| delete(sql, &id);
        self.run(&self.writer, FULL, work).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        let (id, version) = (id.as_str().to_owned(), version.clone());
        let work = move |sql: &Connection, now| match find(sql, &id, now)?.flatten() {
            None => Ok(Retired::Gone),
            Some(held) if held.version != version => Ok(Retired::Changed(Box::new(held))),
            Some(_) => delete(sql, &id).map(|()| Retired::Done),
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

/// Returns what there is under `id`: nothing, or a row, with a record unless it cannot be read.
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

fn delete(sql: &Connection, id: &str) -> rusqlite::Result<()> {
    sql.prepare_cached(DELETE)?.execute([id]).map(drop)
}

/// Returns `time` as an integer of SQLite's, which has a sign.
fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

const FIND: &str = "SELECT version, expires_at, record FROM sessions \
    WHERE id = ?1 AND expires_at > ?2";
/// The old row goes, and the new one gets the next version.
const PUT: &str = "INSERT OR REPLACE INTO sessions (id, expires_at, record) VALUES (?1, ?2, ?3)";
const TOUCH: &str = "UPDATE sessions SET expires_at = ?3 WHERE id = ?1 AND expires_at > ?2";
const DELETE: &str = "DELETE FROM sessions WHERE id = ?1";
/// A save adds one record at most and removes up to 8, so what has expired gets less.
const SWEEP: &str = "DELETE FROM sessions WHERE version IN \
    (SELECT version FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 8)";
/// A power cut may take the last saves, and leaves the file whole. No wait for the disk.
const NORMAL: &str = "NORMAL";
/// On the disk before it is answered: no power cut undoes a logout.
const FULL: &str = "FULL";
/// The largest record, in bytes of JSON. SQLite takes 1 GB, but not in 2 seconds.
const LARGEST: usize = 16 * 1024 * 1024;
/// How long a call waits for its turn and for locks.
const PATIENCE: Duration = Duration::from_millis(1_750);
/// What is left of the 2 seconds to answer in.
const GRACE: Duration = Duration::from_millis(250);
