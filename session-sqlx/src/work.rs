//! The operations on a connection: which statement is sent, and what its answer means.

use std::time::Duration;

use session_core::{Clock, Record, Timestamp};
use sha2::{Digest, Sha256};

use crate::connection::{Arg, Connection, Row};
use crate::dialect::Dialect;
use crate::failure::is_duplicate;
use crate::table::Statements;

/// An operation that may be sent again if it changed nothing.
pub(crate) trait Work: Sync {
    type Answer: Send;

    /// `true` if SQLite has to let this operation write.
    const WRITES: bool = true;

    /// Returns `true` if a power failure must not undo it. SQLite then waits for the disk; servers always do.
    fn is_final(&self) -> bool {
        false
    }

    fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> impl Future<Output = Result<Self::Answer, sqlx::Error>> + Send;
}

/// A row as it is stored.
pub(crate) struct Held {
    pub(crate) version: Vec<u8>,
    pub(crate) ends_at: Timestamp,
    pub(crate) record: String,
}

pub(crate) struct Load {
    pub(crate) id_hash: [u8; 32],
}

pub(crate) struct Save<'a> {
    pub(crate) id: &'a str,
    pub(crate) id_hash: [u8; 32],
    /// The version to expect, or `None` if there must be no record.
    pub(crate) expected: Option<&'a [u8]>,
    pub(crate) version: &'a [u8],
    pub(crate) owner_hash: Option<[u8; 32]>,
    pub(crate) now: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) record: String,
    /// `true` if a power failure must not undo it.
    pub(crate) is_final: bool,
}

/// The answer to a [`Save`].
pub(crate) enum Written {
    Done,
    /// Nothing was written, because this is stored, or nothing.
    Conflict(Option<Held>),
}

pub(crate) struct Touch<'a> {
    pub(crate) id_hash: [u8; 32],
    pub(crate) version: &'a [u8],
    pub(crate) owner_hash: Option<[u8; 32]>,
    pub(crate) now: Timestamp,
    pub(crate) ends_at: Timestamp,
}

pub(crate) struct Destroy {
    pub(crate) id_hash: [u8; 32],
}

pub(crate) struct OwnedBy {
    pub(crate) owner_hash: [u8; 32],
    pub(crate) now: Timestamp,
}

pub(crate) struct StartingWith<'a> {
    pub(crate) start: &'a str,
    pub(crate) now: Timestamp,
}

pub(crate) struct Count {
    pub(crate) now: Timestamp,
}

pub(crate) struct Sweep {
    pub(crate) now: Timestamp,
    pub(crate) rows: i64,
}

impl Work for Load {
    type Answer = Option<Held>;
    const WRITES: bool = false;

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Option<Held>, sqlx::Error> {
        let row = connection
            .row(&sql.load, &[Arg::Bytes(&self.id_hash)])
            .await?;
        Ok(row.and_then(Held::new))
    }
}

impl Work for Save<'_> {
    type Answer = Written;

    fn is_final(&self) -> bool {
        self.is_final
    }

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Written, sqlx::Error> {
        let Some(expected) = self.expected else {
            return self.create(sql, connection).await;
        };
        let [version, owner, ends, sweep, record] = self.values();
        let (id, expected) = (Arg::Bytes(&self.id_hash), Arg::Bytes(expected));
        let arguments = [
            version,
            owner,
            ends,
            sweep,
            record,
            id,
            expected,
            millis(self.now),
            id,
        ];
        if sql.dialect != Dialect::Postgres {
            return match connection.execute(&sql.update, &arguments[..8]).await? {
                0 => self.conflict(sql, connection).await,
                _ => Ok(Written::Done),
            };
        }
        match connection.row(&sql.update, &arguments).await? {
            None => Ok(Written::Conflict(None)),
            Some(Row { version: None, .. }) => Ok(Written::Done),
            // What is returned was there when the statement began. This one changed while it waited.
            Some(row) if row.version.as_deref() == self.expected => {
                self.conflict(sql, connection).await
            }
            Some(row) => Ok(Written::Conflict(self.live(Held::new(row)))),
        }
    }
}

impl Save<'_> {
    async fn create(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Written, sqlx::Error> {
        let [version, owner, ends, sweep, record] = self.values();
        let id = Arg::Bytes(&self.id_hash);
        let insert = [version, owner, ends, sweep, record, id, Arg::Text(self.id)];
        match connection.execute(&sql.insert, &insert).await {
            Ok(0) => {}
            Ok(_) => return Ok(Written::Done),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return Err(error),
        }
        let replace = [version, owner, ends, sweep, record, id, millis(self.now)];
        match connection.execute(&sql.replace, &replace).await? {
            0 => self.conflict(sql, connection).await,
            _ => Ok(Written::Done),
        }
    }

    async fn conflict(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Written, sqlx::Error> {
        let id_hash = self.id_hash;
        let held = Load { id_hash }.run(sql, connection).await?;
        Ok(Written::Conflict(self.live(held)))
    }

    fn live(&self, held: Option<Held>) -> Option<Held> {
        held.filter(|held| self.now < held.ends_at)
    }

    fn values(&self) -> [Arg<'_>; 5] {
        [
            Arg::Bytes(self.version),
            maybe_bytes(self.owner_hash.as_ref()),
            millis(self.ends_at),
            sweep_at(self.ends_at),
            Arg::Text(&self.record),
        ]
    }
}

impl Work for Touch<'_> {
    type Answer = Written;

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Written, sqlx::Error> {
        let arguments = [
            maybe_bytes(self.owner_hash.as_ref()),
            millis(self.ends_at),
            sweep_at(self.ends_at),
            Arg::Bytes(&self.id_hash),
            Arg::Bytes(self.version),
            millis(self.now),
        ];
        if connection.execute(&sql.touch, &arguments).await? > 0 {
            return Ok(Written::Done);
        }
        let id_hash = self.id_hash;
        let held = Load { id_hash }.run(sql, connection).await?;
        Ok(Written::Conflict(
            held.filter(|held| self.now < held.ends_at),
        ))
    }
}

impl Work for Destroy {
    type Answer = ();

    fn is_final(&self) -> bool {
        true
    }

    async fn run(&self, sql: &Statements, connection: &mut Connection) -> Result<(), sqlx::Error> {
        let arguments = [Arg::Bytes(&self.id_hash)];
        connection.execute(&sql.destroy, &arguments).await?;
        Ok(())
    }
}

impl Work for OwnedBy {
    type Answer = Vec<String>;
    const WRITES: bool = false;

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Vec<String>, sqlx::Error> {
        let arguments = [Arg::Bytes(&self.owner_hash), millis(self.now)];
        let rows = connection.texts(&sql.owned_by, &arguments).await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

impl Work for StartingWith<'_> {
    type Answer = Vec<String>;
    const WRITES: bool = false;

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<Vec<String>, sqlx::Error> {
        let pattern = escape(self.start) + "%";
        let arguments = [Arg::Text(&pattern), millis(self.now)];
        let ids = connection.texts(&sql.starting_with, &arguments).await?;
        let ids = ids.into_iter().flatten();
        Ok(ids.filter(|id| id.starts_with(self.start)).collect())
    }
}

impl Work for Count {
    type Answer = u64;
    const WRITES: bool = false;

    async fn run(&self, sql: &Statements, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        let rows = connection.texts(&sql.count, &[millis(self.now)]).await?;
        let count = rows.into_iter().flatten().next();
        Ok(count
            .and_then(|count| count.parse().ok())
            .unwrap_or_default())
    }
}

impl Work for Sweep {
    type Answer = u64;

    async fn run(&self, sql: &Statements, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        let (now, rows) = (millis(self.now), Arg::Number(self.rows));
        if sql.dialect == Dialect::MySql {
            // Otherwise, the gaps between the rows would be locked against new ones.
            connection
                .run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                .await?;
            return connection.execute(&sql.sweep, &[now, rows]).await;
        }
        connection.execute(&sql.sweep, &[now, rows, now]).await
    }
}

impl Held {
    fn new(row: Row) -> Option<Self> {
        Some(Self {
            version: row.version?,
            ends_at: Timestamp::from_millis(u64::try_from(row.ends_at?).unwrap_or_default()),
            record: row.record?,
        })
    }
}

/// Hashes an id or an owner. An index limits the length of what it holds, and a hash does not depend on a collation.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

pub(crate) fn owner_hash(record: &Record) -> Option<[u8; 32]> {
    record.owner().map(hash)
}

fn maybe_bytes(hash: Option<&[u8; 32]>) -> Arg<'_> {
    Arg::MaybeBytes(hash.map(<[u8; 32]>::as_slice))
}

/// Returns the time now and in `ttl`.
pub(crate) fn times(clock: &dyn Clock, ttl: Duration) -> (Timestamp, Timestamp) {
    let now = clock.now();
    (now, now + ttl)
}

/// Returns the pattern that matches exactly this text.
fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for char in text.chars() {
        if "%_!".contains(char) {
            pattern.push('!');
        }
        pattern.push(char);
    }
    pattern
}

fn millis(time: Timestamp) -> Arg<'static> {
    Arg::Number(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// Rounds up the end of a record. The result is indexed and changes seldom, and as long as no indexed column changes,
/// PostgreSQL updates a row without touching any index.
fn sweep_at(ends_at: Timestamp) -> Arg<'static> {
    let steps = ends_at.as_millis() / SWEEP_STEP + 1;
    millis(Timestamp::from_millis(steps.saturating_mul(SWEEP_STEP)))
}

/// In milliseconds.
pub(crate) const SWEEP_STEP: u64 = 600_000;
