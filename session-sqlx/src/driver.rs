//! The driver: each method of the contract, its time limit, and what is tried again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Capacity, Clock, Driver, Error, Expected, Loaded, Record, Saved, SessionId, SystemClock,
    Touched, Version,
};
use tokio::sync::Mutex;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout_at};

use crate::connection::Connections;
use crate::dialect::Dialect;
use crate::failure::{Cause, Failure};
use crate::table::Statements;
use crate::work::{
    Destroy, Held, Load, OwnedBy, Save, Touch, Work, Written, hash, owner_hash, times,
};

/// Keeps records in a table of PostgreSQL, MySQL, MariaDB or SQLite. See the [crate documentation](crate).
///
/// Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct SqlxDriver {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
}

pub(crate) struct Shared {
    pub(crate) connections: Connections,
    pub(crate) sql: Statements,
    pub(crate) timeout: Duration,
    /// SQLite writes one transaction at a time and lets others poll. A queue is fair.
    writer: Mutex<()>,
    /// The number of saves since the last sweep.
    pub(crate) saves: AtomicU32,
    pub(crate) is_sweeping: AtomicBool,
}

impl SqlxDriver {
    pub(crate) fn new(connections: Connections, sql: Statements, timeout: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                connections,
                sql,
                timeout,
                writer: Mutex::const_new(()),
                saves: AtomicU32::new(0),
                is_sweeping: AtomicBool::new(false),
            }),
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the clock. Use the same one for the session manager. Default: the system clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Closes all connections, also those of an application's own pool. Calls then fail.
    pub async fn close(&self) {
        self.shared.connections.close().await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

/// What an operation answered.
pub(crate) struct Answered<T> {
    pub(crate) answer: T,
    /// The failure of an earlier attempt that may have been carried out.
    lost: Option<sqlx::Error>,
}

impl Shared {
    /// Runs an operation within the timeout. What nobody can have carried out is tried again, and so is what broke off:
    /// every operation is told from others by its version, so carrying it out twice does no harm.
    pub(crate) async fn run<W: Work>(&self, work: &W) -> Result<Answered<W::Answer>, Error> {
        let deadline = Instant::now() + self.timeout;
        let mut lost = None;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.attempt(work, deadline).await {
                Ok(answer) => return Ok(Answered { answer, lost }),
                Err(Ended::Unanswered) => {
                    let failure = lost.map_or_else(Failure::unanswered, Failure::from);
                    return Err(Error::unavailable(failure));
                }
                Err(Ended::Unconnected(error)) => {
                    let failure = lost.map_or_else(|| Failure::unconnected(error), Failure::from);
                    return Err(Error::unavailable(failure));
                }
                Err(Ended::By(error)) => error,
            };
            match Cause::of(&error) {
                Cause::Overtaken if Instant::now() < deadline => {
                    sleep(PAUSE * attempt.min(10)).await;
                }
                Cause::Lost if attempt < MOST_LOST => lost = Some(error),
                _ => return Err(Error::unavailable(Failure::from(error))),
            }
        }
    }

    async fn attempt<W: Work>(&self, work: &W, deadline: Instant) -> Result<W::Answer, Ended> {
        let is_sqlite = self.sql.dialect == Dialect::Sqlite;
        let writer = if W::WRITES && is_sqlite {
            let lock = timeout_at(deadline, self.writer.lock()).await;
            Some(lock.map_err(|_| Ended::Unanswered)?)
        } else {
            None
        };
        let acquired = self.connections.acquire(deadline).await;
        let mut connection = acquired.map_err(Ended::Unconnected)?;
        let call = async {
            let is_final = is_sqlite && work.is_final();
            if is_final {
                connection.run("PRAGMA synchronous = FULL").await?;
            }
            let answer = work.run(&self.sql, &mut connection).await;
            if is_final {
                connection.run("PRAGMA synchronous = NORMAL").await?;
            }
            answer
        };
        let answer = timeout_at(deadline, call)
            .await
            .map_err(|_| Ended::Unanswered)?;
        // A server that only reads may be the wrong one, and a new connection may find another.
        let is_usable = |error| matches!(Cause::of(error), Cause::Overtaken | Cause::Other);
        if answer.as_ref().err().is_none_or(is_usable) {
            connection.finish();
        }
        drop(connection);
        drop(writer);
        if W::WRITES && is_sqlite && self.writer.try_lock().is_err() {
            // Someone waited for the file. Let that one begin, before this task goes on with other work.
            yield_now().await;
        }
        Ok(answer?)
    }
}

/// How an attempt ended without an answer.
enum Ended {
    Unconnected(sqlx::Error),
    Unanswered,
    By(sqlx::Error),
}

impl From<sqlx::Error> for Ended {
    fn from(error: sqlx::Error) -> Self {
        Self::By(error)
    }
}

#[async_trait]
impl Driver for SqlxDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let id_hash = hash(handle);
        let held = self.shared.run(&Load { id_hash }).await?.answer;
        let now = self.clock.now();
        let live = held.filter(|held| now < held.ends_at);
        Ok(live.and_then(|held| parse(handle, held)))
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let id = record.id().as_str();
        let (now, ends_at) = times(&*self.clock, ttl);
        let version = Version::random()?;
        let bytes = |version: &Version| version.as_bytes().cloned().unwrap_or_default();
        let (new, expected) = (
            bytes(&version),
            match expected {
                Expected::Absent => None,
                Expected::Version(version) => Some(bytes(version)),
            },
        );
        let save = Save {
            id,
            id_hash: hash(id),
            expected: expected.as_deref(),
            version: &new,
            owner_hash: owner_hash(record),
            now,
            ends_at,
            record: record.to_json_without_expiry(),
            is_final: record.is_moved(),
        };
        let Answered { answer, lost } = self.shared.run(&save).await?;
        let done = || Saved::Done {
            handle: id.to_owned(),
            version: version.clone(),
        };
        match (answer, lost) {
            (Written::Done, _) => {
                self.sweep_a_little();
                Ok(done())
            }
            (Written::Conflict(held), None) => {
                let held = held.and_then(|held| parse(id, held));
                Ok(Saved::Conflict(held.map(Box::new)))
            }
            // The attempt whose answer was lost had been carried out.
            (Written::Conflict(Some(held)), Some(_)) if held.version == *new => Ok(done()),
            // Or it had not, or others have saved since. Merging might apply it twice.
            (Written::Conflict(_), Some(lost)) => Err(Error::unavailable(Failure::from(lost))),
        }
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let id_hash = hash(id.as_str());
        self.shared.run(&Destroy { id_hash }).await?;
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        let id = record.id().as_str();
        let (now, ends_at) = times(&*self.clock, ttl);
        let version = version.as_bytes().cloned().unwrap_or_default();
        let touch = Touch {
            id_hash: hash(id),
            version: &version,
            owner_hash: owner_hash(record),
            now,
            ends_at,
        };
        Ok(match self.shared.run(&touch).await?.answer {
            Written::Done => Touched::Done,
            Written::Conflict(held) => match held.and_then(|held| parse(id, held)) {
                Some(_) => Touched::MustSave,
                None => Touched::Gone,
            },
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity::Json(LARGEST)
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        let (owner_hash, now) = (hash(owner), self.clock.now());
        let ids = self.shared.run(&OwnedBy { owner_hash, now }).await?.answer;
        let ids = ids.iter().filter_map(|id| SessionId::from_stored(id));
        Ok(Some(ids.collect()))
    }
}

impl fmt::Debug for SqlxDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlxDriver")
            .field("database", &self.shared.sql.dialect.name())
            .field("table", &self.shared.sql.table)
            .finish_non_exhaustive()
    }
}

/// Parses a stored record. Returns `None` for one that is not a record of this id.
fn parse(id: &str, held: Held) -> Option<Loaded> {
    let record = Record::from_json(held.record).ok();
    let Some(record) = record.filter(|record| record.id().as_str() == id) else {
        let id = SessionId::from_stored(id);
        let id = id.as_ref().map_or("", SessionId::prefix);
        let reason = "the row holds no session with this id";
        tracing::warn!(target: "session", id, reason, "stored value is not a valid session: left unchanged");
        return None;
    };
    let record = record.expiring_at(held.ends_at);
    Some(Loaded::new(record, Version::bytes(held.version)))
}

/// The largest record, in bytes of JSON. MariaDB takes a statement of up to 16 MiB by default.
const LARGEST: usize = 8 * 1024 * 1024;
/// How often a broken connection is replaced within one call. After a restart, every idle connection of a pool is broken.
const MOST_LOST: u32 = 16;
/// The pause after the first attempt that was overtaken.
const PAUSE: Duration = Duration::from_millis(1);
