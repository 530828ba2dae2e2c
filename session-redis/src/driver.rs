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
    Clock, ConfigError, Driver, Error, Expected, Loaded, Record, Retired, Saved, SessionConfig,
    SessionId, Timestamp, Touched, Version,
};

use crate::batch::{Answer, Batches, Comparison};
use crate::connect::Builder;
use crate::links::Links;
use crate::mark::{self, Mark};
use crate::script::{self, millis};

/// Keeps records in Redis or Valkey. See the [crate's page](crate).
///
/// Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct RedisDriver {
    batches: Batches,
    prefix: Arc<str>,
    clock: Arc<dyn Clock>,
    writes: Arc<AtomicU64>,
}

impl RedisDriver {
    /// Where Redis is unless a configuration says otherwise.
    pub const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

    /// Connects to the server of `url` with the default settings.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).connect().await
    }

    /// Starts configuring a driver for the server of `url`; [`Builder`] lists the forms.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    /// Starts configuring a driver as `config` says: for the server of `REDIS_URL`, or [`DEFAULT_URL`](Self::DEFAULT_URL)
    /// where that is not set, with the prefix of `SESSION_PREFIX`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), session_core::ConfigError> {
    /// use session_core::SessionConfig;
    /// use session_redis::RedisDriver;
    ///
    /// let config = SessionConfig::from_env()?;
    /// let driver = RedisDriver::from_config(&config).connect().await?;
    /// let manager = config.builder(driver)?.build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_config(config: &SessionConfig) -> Builder {
        Self::builder(config.redis_url().unwrap_or(Self::DEFAULT_URL)).prefix(config.prefix())
    }

    /// Uses a pool of the application's own, which is connected already; `Pool::from_clients` makes one of a single
    /// client. Each command is given up after `timeout`, or at most a tenth later.
    ///
    /// Build it with
    /// - a `default_command_timeout` no longer than `timeout`, or a command that was given up while the client
    ///   reconnects is sent later all the same, a logout that was answered as failed among them;
    /// - `max_command_attempts` of 1, because a save that is sent twice would find its own first attempt and take it
    ///   for another request's; and, for a Cluster, `max_redirections` of 0, because the client counts a redirection
    ///   as an attempt and gives up for good when none is left.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] when the prefix or the timeout is not possible, as [`Builder::prefix`] and [`Builder::timeout`]
    /// say.
    pub fn from_pool(pool: Pool, prefix: &str, timeout: Duration) -> Result<Self, ConfigError> {
        crate::connect::check_prefix(prefix)?;
        crate::connect::check_timeout(timeout)?;
        Ok(Self {
            batches: Batches::new(Links::new(pool, timeout), prefix),
            prefix: prefix.into(),
            clock: Arc::new(session_core::SystemClock),
            // Another start in every process, so that two of them do not count in step. (Copies of a running machine would,
            // until they are restarted.)
            writes: Arc::new(AtomicU64::new(RandomState::new().hash_one(()))),
        })
    }

    /// Sets where time comes from: the clock of the manager, if that has one of its own. Default: the
    /// system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the connections, for commands of the application's own.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.links().pool
    }

    pub(crate) const fn links(&self) -> &Links {
        &self.batches.links
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) async fn probe(&self) -> Result<(), FredError> {
        let key = self.key(PROBE);
        self.links()
            .run(|client| script::PROBE.run(client, vec![key.clone()], ()))
            .await
    }

    fn key(&self, id: &str) -> Key {
        Key::from([&self.prefix, id].concat())
    }

    async fn read(&self, id: &str) -> Result<Option<Loaded>, Error> {
        let key = self.key(id);
        let get = self.links().run(|client| {
            let key = key.clone();
            async move { client.get::<Option<Bytes>, _>(key).await }
        });
        let value = match get.await {
            Ok(Some(value)) => value,
            Ok(None) => return Ok(None),
            Err(error) => return foreign(id, error).map(|()| None),
        };
        if Mark::read(&value).is_some() {
            return Ok(self.loaded(id, value, 0));
        }
        // Other software wrote it, so only the key knows how long it lives.
        let left = self.links().run(|client| {
            let key = key.clone();
            async move { client.pttl::<i64, _>(key).await }
        });
        match Box::pin(left).await.map_err(unavailable)? {
            GONE => Ok(None),
            left => Ok(self.loaded(id, value, left)),
        }
    }

    /// The record's JSON and its mark. Each save has a number that no other one has: the processes count on from random
    /// numbers of 64 bits.
    fn text(&self, record: &Record, ttl: i64) -> String {
        let mut text = record.to_json_without_expiry();
        let mark = Mark {
            version: self.writes.fetch_add(1, Ordering::Relaxed),
            expires_at: self.time_in(ttl),
        };
        mark.write(&mut text);
        text
    }

    fn time_in(&self, millis: i64) -> Timestamp {
        self.clock.now() + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Stores or removes what has this version: done, gone, or what is there instead.
    async fn compare(
        &self,
        id: &str,
        version: &Version,
        save: Option<(Bytes, i64)>,
    ) -> Result<Compared, Error> {
        let comparison = Comparison {
            key: self.key(id),
            version: compared_with(version),
            save,
        };
        match self.batches.run(comparison).await {
            Ok(Answer::Done) => Ok(Compared::Done),
            Ok(Answer::Gone) => Ok(Compared::Gone),
            // What cannot be read as a record is not ours to join with, or to overwrite.
            Ok(Answer::Held { value, left }) => Ok(self
                .loaded(id, value, left)
                .map_or(Compared::Gone, |loaded| Compared::Other(Box::new(loaded)))),
            Err(error) => foreign(id, error).map(|()| Compared::Gone),
        }
    }

    /// Makes a record of a stored value. One of another kind is left alone. `left` counts where there is no mark.
    fn loaded(&self, id: &str, value: Bytes, left: i64) -> Option<Loaded> {
        let (json, mark) = match Mark::read(&value) {
            Some((json, mark)) => (json, Some(mark)),
            None => (&*value, None),
        };
        let record = std::str::from_utf8(json)
            .ok()
            .and_then(|json| Record::from_json(json).ok());
        let Some(record) = record.filter(|record| record.id().as_str() == id) else {
            warn_foreign(id, "the value is no session of this id");
            return None;
        };
        if let Some(mark) = mark {
            let record = record.expiring_at(mark.expires_at);
            return Some(Loaded::new(record, Version::number(mark.version)));
        }
        let record = if left >= 0 {
            record.expiring_at(self.time_in(left))
        } else {
            // The manager refuses it, unless it is to accept what never expires.
            warn_foreign(id, "its key has no TTL");
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
        let id = record.id().as_str();
        let ttl = millis(ttl);
        let json = self.text(record, ttl);
        let done = || Saved::Done {
            handle: id.to_owned(),
        };
        match expected {
            Expected::Absent => {
                let (expire, only_new) = (Some(Expiration::PX(ttl)), Some(SetOptions::NX));
                let key = self.key(id);
                let set = |client: Client| {
                    let (key, json, expire, only_new) =
                        (key.clone(), json.clone(), expire.clone(), only_new.clone());
                    async move { client.set(key, json, expire, only_new, false).await }
                };
                let answer: Option<String> = self.links().run(set).await.map_err(unavailable)?;
                match answer {
                    Some(_) => Ok(done()),
                    None => Ok(Saved::Conflict(
                        Box::pin(self.read(id)).await?.map(Box::new),
                    )),
                }
            }
            Expected::Version(version) => {
                let save = Some((Bytes::from(json), ttl));
                Ok(match self.compare(id, version, save).await? {
                    Compared::Done => done(),
                    Compared::Gone => Saved::Conflict(None),
                    Compared::Other(loaded) => Saved::Conflict(Some(loaded)),
                })
            }
        }
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let key = self.key(id.as_str());
        let destroy = |client: Client| {
            let key = key.clone();
            async move { client.del::<i64, _>(key).await }
        };
        self.links().run(destroy).await.map_err(unavailable)?;
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let ttl = millis(ttl);
        let time = mark::time(self.time_in(ttl));
        let arguments = vec![Value::from(time), Value::from(ttl)];
        let key = self.key(id.as_str());
        let touch = self
            .links()
            .run(|client| script::TOUCH.run(client, vec![key.clone()], arguments.clone()));
        match touch.await {
            Ok(1) => Ok(Touched::Done),
            Ok(_) => Ok(Touched::Gone),
            Err(error) => foreign(id.as_str(), error).map(|()| Touched::Gone),
        }
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        Ok(match self.compare(id.as_str(), version, None).await? {
            Compared::Done => Retired::Done,
            Compared::Gone => Retired::Gone,
            Compared::Other(loaded) => Retired::Changed(loaded),
        })
    }
}

impl fmt::Debug for RedisDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDriver")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

enum Compared {
    Done,
    Gone,
    Other(Box<Loaded>),
}

/// A version as the scripts compare it.
fn compared_with(version: &Version) -> Bytes {
    match version.as_number() {
        Some(number) => Bytes::from(mark::version(number)),
        None => version.as_bytes().cloned().unwrap_or_default(),
    }
}

/// A key that holds something else than a string is no session; every other error is one.
fn foreign(id: &str, error: FredError) -> Result<(), Error> {
    if error.details().starts_with("WRONGTYPE") {
        warn_foreign(id, "the key holds another type");
        return Ok(());
    }
    Err(unavailable(error))
}

fn warn_foreign(id: &str, what: &str) {
    let id = SessionId::from_stored(id);
    let shown = id.as_ref().map_or("", SessionId::prefix);
    tracing::warn!(target: "session", id = shown, what, "session left alone: it is not ours");
}

pub(crate) fn unavailable(error: FredError) -> Error {
    Error::unavailable(error)
}

/// How the keys begin, behind the prefix, by which the driver tries what the server can do.
pub(crate) const PROBE: &str = "session-probe";

/// What `PTTL` answers where there is no such key.
const GONE: i64 = -2;
