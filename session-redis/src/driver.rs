//! The driver.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::clients::{Client, Pool};
use fred::interfaces::KeysInterface;
use fred::prelude::{Error as FredError, Expiration, SetOptions, Value};
use fred::types::Key;
use session_core::{
    Clock, ConfigError, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Timestamp,
    Touched, Version,
};

use crate::batch::{Batched, Batcher};
use crate::compare_and_set::{CompareAndSet, Reply};
use crate::connections::Connections;
use crate::load::Load;
use crate::mark::{Mark, encode_time, encode_version};
use crate::scripts::{self, millis};
use crate::settings::{check_prefix, check_timeout};

/// Keeps records in Redis or Valkey. See the [crate documentation](crate).
///
/// Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct RedisDriver {
    pub(crate) connections: Arc<Connections>,
    loads: Batcher<Load>,
    pub(crate) saves: Batcher<CompareAndSet>,
    clock: Arc<dyn Clock>,
    next_version: Arc<AtomicU64>,
    pub(crate) announces_endings: bool,
}

impl RedisDriver {
    /// Uses the application's own pool, which must be connected already. `Pool::from_clients` turns
    /// a single client into a pool. The driver gives up on a command after `timeout`, at most a
    /// tenth later.
    ///
    /// The pool needs these settings:
    ///
    /// - A `default_command_timeout` no longer than `timeout`. Otherwise, a command that the driver
    ///   gave up on while the client reconnects is still sent later, and a logout that was reported
    ///   as failed may happen after all.
    /// - `max_command_attempts` of 1. A save that is sent twice would find the result of its first
    ///   attempt and take it for another request's.
    /// - For a Cluster, `max_redirections` of 0. The client counts a redirection as an attempt and
    ///   gives up for good when none is left.
    /// - A `ReconnectPolicy` without a limit. Otherwise, the driver cannot replace a connection whose
    ///   server was demoted, and the client stops for good when no attempt is left.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] if the prefix or the timeout is outside the limits of
    /// [`Builder::prefix`](crate::Builder::prefix) and
    /// [`Builder::timeout`](crate::Builder::timeout).
    pub fn from_pool(pool: Pool, prefix: &str, timeout: Duration) -> Result<Self, ConfigError> {
        check_prefix(prefix)?;
        check_timeout(timeout)?;
        let connections = Connections::new(pool, prefix, timeout);
        Ok(Self {
            loads: Batcher::new(Arc::clone(&connections)),
            saves: Batcher::new(Arc::clone(&connections)),
            connections,
            clock: Arc::new(session_core::SystemClock),
            // Each process starts at a random number, so that two of them never count in step. Only
            // copies of a running machine do, until they restart.
            next_version: Arc::new(AtomicU64::new(RandomState::new().hash_one(()))),
            announces_endings: false,
        })
    }

    /// Sets the clock. Use the same one for the session manager. Default: the system clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Announces every ending, for a driver that uses the application's own pool. See
    /// [`Builder::announce_endings`](crate::Builder::announce_endings).
    #[must_use]
    pub fn announcing_endings(mut self) -> Self {
        self.announces_endings = true;
        self
    }

    /// Returns the connection pool, for the application's own commands.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.connections.pool
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.connections.prefix
    }

    pub(crate) fn key(&self, id: &str) -> Key {
        Key::from([self.prefix(), id].concat())
    }

    async fn read(&self, id: &str) -> Result<Option<Loaded>, Error> {
        let key = self.key(id);
        let value = match self.loads.run(Load { key: key.clone() }).await {
            Ok(Some(value)) => value,
            Ok(None) => return Ok(None),
            Err(error) => return skip_wrong_type(id, error).map(|()| None),
        };
        if Mark::split(&value).is_some() {
            return Ok(self.parse(id, value, 0));
        }
        // Other software wrote the value, so only the key's TTL tells when it expires.
        match Box::pin(self.ttl(&key)).await.map_err(Error::unavailable)? {
            PTTL_OF_MISSING_KEY => Ok(None),
            ttl => Ok(self.parse(id, value, ttl)),
        }
    }

    /// Returns how long the key lives, in milliseconds.
    async fn ttl(&self, key: &Key) -> Result<i64, FredError> {
        let pttl = |client: Client| {
            let key = key.clone();
            async move { client.pttl(key).await }
        };
        self.connections.run(pttl).await
    }

    /// Stores a record for `ttl` milliseconds if the store holds what is expected.
    pub(crate) async fn store(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: i64,
    ) -> Result<Saved, Error> {
        let id = record.id().as_str();
        let (value, version) = self.serialize(record, ttl);
        let conflict = match expected {
            // Boxed, because creating is rare, and every save would carry its future.
            Expected::Absent => Box::pin(self.create(id, value, ttl)).await?,
            Expected::Version(held) => {
                let operation = CompareAndSet {
                    key: self.key(id),
                    expected: encode(held),
                    value,
                    ttl,
                    index: None,
                };
                let reply = self.saves.run(operation).await;
                self.conflict(id, reply)?
            }
        };
        Ok(saved(id, version, conflict))
    }

    /// Stores a record over this version of it, and names it in its owner's index, together with other saves that overlap.
    pub(crate) async fn store_in_batch(
        &self,
        owner: &str,
        record: &Record,
        held: &Version,
        ttl: i64,
    ) -> Result<Batched<Saved>, Error> {
        let id = record.id().as_str();
        let (value, version) = self.serialize(record, ttl);
        let operation = CompareAndSet {
            key: self.key(id),
            expected: encode(held),
            value,
            ttl,
            index: Some(self.index_entry(owner, record.id(), ttl)),
        };
        let reply = match self.saves.run_in_batch(&operation).await {
            Ok(Batched::RunAlone) => return Ok(Batched::RunAlone),
            Ok(Batched::LookAgain) => return Ok(Batched::LookAgain),
            Ok(Batched::Done(reply)) => Ok(reply),
            Err(error) => Err(error),
        };
        let conflict = self.conflict(id, reply)?;
        Ok(Batched::Done(saved(id, version, conflict)))
    }

    /// Returns the record's JSON with its mark, and the version in the mark. Every save has a version of its own.
    fn serialize(&self, record: &Record, ttl: i64) -> (Bytes, u64) {
        let mut value = record.to_json_without_expiry();
        let mark = Mark {
            version: self.next_version.fetch_add(1, Ordering::Relaxed),
            expires_at: self.time_in(ttl),
        };
        mark.append_to(&mut value);
        (Bytes::from(value), mark.version)
    }

    pub(crate) fn time_in(&self, millis: i64) -> Timestamp {
        self.clock.now() + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Stores a value for `ttl` milliseconds if the key does not exist.
    async fn create(&self, id: &str, value: Bytes, ttl: i64) -> Result<Option<Conflict>, Error> {
        let key = self.key(id);
        let set = |client: Client| {
            let (key, value) = (key.clone(), value.clone());
            let (expire, only_new) = (Some(Expiration::PX(ttl)), Some(SetOptions::NX));
            async move { client.set(key, value, expire, only_new, false).await }
        };
        let reply: Result<Option<String>, _> = self.connections.run(set).await;
        match reply.map_err(Error::unavailable)? {
            Some(_) => Ok(None),
            None => Ok(Some(Conflict(self.read(id).await?.map(Box::new)))),
        }
    }

    /// Returns what a save met instead of the version that it expected.
    fn conflict(
        &self,
        id: &str,
        reply: Result<Reply, FredError>,
    ) -> Result<Option<Conflict>, Error> {
        match reply {
            Ok(Reply::Done) => Ok(None),
            Ok(Reply::Missing) => Ok(Some(Conflict(None))),
            // A value that is not a record can be neither merged nor overwritten.
            Ok(Reply::Conflict { value, ttl }) => {
                Ok(Some(Conflict(self.parse(id, value, ttl).map(Box::new))))
            }
            Err(error) => skip_wrong_type(id, error).map(|()| Some(Conflict(None))),
        }
    }

    /// Parses a stored value. Returns `None` for a value that is not a record of this id. `ttl` is
    /// in milliseconds and only matters if the value has no mark.
    fn parse(&self, id: &str, value: Bytes, ttl: i64) -> Option<Loaded> {
        let (json, mark) = match Mark::split(&value) {
            Some((json, mark)) => (json, Some(mark)),
            None => (&*value, None),
        };
        let record = std::str::from_utf8(json)
            .ok()
            .and_then(|json| Record::from_json(json).ok());
        let Some(record) = record.filter(|record| record.id().as_str() == id) else {
            warn_invalid(id, "the value is not a session with this id");
            return None;
        };
        if let Some(mark) = mark {
            let record = record.expiring_at(mark.expires_at);
            return Some(Loaded::new(record, Version::number(mark.version)));
        }
        let record = if ttl >= 0 {
            record.expiring_at(self.time_in(ttl))
        } else {
            // The manager rejects the record, unless it accepts records that never expire.
            warn_invalid(id, "the key has no TTL");
            record
        };
        Some(Loaded::new(record, Version::bytes(value)))
    }
}

#[async_trait]
impl Driver for RedisDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.read(handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let ttl = millis(ttl);
        let saved = match record.owner() {
            None => self.store(record, expected, ttl).await?,
            // Boxed, so that sessions without an owner do not carry its future.
            Some(owner) => Box::pin(self.store_indexed(owner, record, expected, ttl)).await?,
        };
        if self.announces_endings && record.is_moved() && matches!(saved, Saved::Done { .. }) {
            // The old id has ended. Nobody is told if this fails, but the session has its new id.
            let _ = Box::pin(self.publish(record.id().as_str())).await;
        }
        Ok(saved)
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        if self.announces_endings {
            return Box::pin(self.destroy_and_announce(id)).await;
        }
        let key = self.key(id.as_str());
        let destroy = |client: Client| {
            let key = key.clone();
            async move { client.del::<i64, _>(key).await }
        };
        self.connections
            .run(destroy)
            .await
            .map_err(Error::unavailable)?;
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
        let id = record.id();
        let ttl = millis(ttl);
        let key = self.key(id.as_str());
        let arguments = || {
            let arguments = vec![
                Value::Bytes(encode(version)),
                Value::from(encode_time(self.time_in(ttl))),
                Value::from(ttl),
            ];
            (vec![key.clone()], arguments)
        };
        let touch = async {
            let run = |client| scripts::TOUCH.run(client, arguments);
            match self.connections.run(run).await {
                Ok(1) => Ok(Touched::Done),
                Ok(0) => Ok(Touched::Gone),
                // Another version, which the manager merges.
                Ok(_) => Ok(Touched::MustSave),
                Err(error) => skip_wrong_type(id.as_str(), error).map(|()| Touched::Gone),
            }
        };
        self.index(record, ttl).await?;
        touch.await
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        self.ids_of(owner).await.map(Some)
    }
}

impl fmt::Debug for RedisDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDriver")
            .field("prefix", &self.prefix())
            .finish_non_exhaustive()
    }
}

/// What the store holds instead of what was expected, as in [`Saved::Conflict`].
struct Conflict(Option<Box<Loaded>>);

fn saved(id: &str, version: u64, conflict: Option<Conflict>) -> Saved {
    match conflict {
        Some(current) => Saved::Conflict(current.0),
        None => Saved::Done {
            handle: id.to_owned(),
            version: Version::number(version),
        },
    }
}

/// Encodes a version as the scripts compare it.
fn encode(version: &Version) -> Bytes {
    match version.as_number() {
        Some(number) => Bytes::from(encode_version(number)),
        None => version.as_bytes().cloned().unwrap_or_default(),
    }
}

/// Returns `Ok` if the command failed because the key holds another type than a string, which is
/// not a session.
fn skip_wrong_type(id: &str, error: FredError) -> Result<(), Error> {
    if error.details().starts_with("WRONGTYPE") {
        warn_invalid(id, "the key holds another type");
        return Ok(());
    }
    Err(Error::unavailable(error))
}

fn warn_invalid(id: &str, reason: &str) {
    let id = SessionId::from_stored(id);
    let id = id.as_ref().map_or("", SessionId::prefix);
    tracing::warn!(target: "session", id, reason, "stored value is not a valid session: left unchanged");
}

/// The reply of `PTTL` for a key that does not exist.
const PTTL_OF_MISSING_KEY: i64 = -2;
