//! The index of owners: a sorted set per owner, with the ids of the owner's sessions by expiry.
//!
//! An id is added before its record is stored, and its score only rises. So the index may name
//! sessions that have ended, but never misses one that has not. Old ids are removed when the set is
//! written, and the key expires with the last of them.
//!
//! There is one limit. If keys move to other servers behind a proxy while the application runs, a
//! batch may still go to the old server of its first key, until a save notices that its record is
//! not there. The index of an owner whose key has moved misses what such a batch stored, until the
//! session is saved again.

use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::types::{Key, Value};
use session_core::{Driver as _, Error, Expected, Record, Saved, SessionId};

use crate::batch::Batched;
use crate::{RedisDriver, scripts};

impl RedisDriver {
    /// Adds the record to the index, if it has an owner.
    pub(crate) async fn index(&self, record: &Record, ttl: i64) -> Result<(), Error> {
        match record.owner() {
            Some(owner) => Box::pin(self.add_to_index(owner, record.id(), ttl)).await,
            None => Ok(()),
        }
    }

    /// Stores a record that has an owner, once the index names it.
    pub(crate) async fn store_indexed(
        &self,
        owner: &str,
        record: &Record,
        expected: Expected<'_>,
        ttl: i64,
    ) -> Result<Saved, Error> {
        let Expected::Version(version) = expected else {
            return self.store_after_index(owner, record, expected, ttl).await;
        };
        let outcome = match self.saves.can_batch() {
            true => self.store_in_batch(owner, record, version, ttl).await?,
            false => Batched::RunAlone,
        };
        if let Batched::Done(saved) = outcome {
            return Ok(saved);
        }
        let saved = self.store_after_index(owner, record, expected, ttl).await?;
        if matches!(outcome, Batched::LookAgain) && !matches!(saved, Saved::Conflict(None)) {
            self.saves.invalidate();
        }
        Ok(saved)
    }

    /// Updates the index, then stores the record, in commands of their own.
    async fn store_after_index(
        &self,
        owner: &str,
        record: &Record,
        expected: Expected<'_>,
        ttl: i64,
    ) -> Result<Saved, Error> {
        let index = self.add_to_index(owner, record.id(), ttl);
        let store = self.store(record, expected, ttl);
        if self.pool().size() > 1 || self.pool().is_clustered() {
            index.await?;
            return store.await;
        }
        // A single connection keeps the order, so both travel at once.
        let (indexed, saved) = tokio::join!(index, store);
        match (indexed, saved?) {
            (Err(error), saved @ Saved::Done { .. }) => {
                self.repair(record, ttl, error).await?;
                Ok(saved)
            }
            (_, saved) => Ok(saved),
        }
    }

    /// Adds a stored record that the index misses: the connection may have broken between the two.
    /// If that fails too, removes the record. A session that cannot be listed must not live.
    async fn repair(&self, record: &Record, ttl: i64, error: Error) -> Result<(), Error> {
        if self.index(record, ttl).await.is_ok() {
            return Ok(());
        }
        self.destroy(record.id()).await?;
        Err(error)
    }

    async fn add_to_index(&self, owner: &str, id: &SessionId, ttl: i64) -> Result<(), Error> {
        let entry = self.index_entry(owner, id, ttl);
        let add = |client: Client| {
            let (key, arguments) = (entry.key.clone(), entry.arguments().to_vec());
            // With its text, because the record follows at once: if the server did not know the
            // script, the record would be stored first.
            async move {
                client
                    .eval::<i64, _, _, _>(scripts::INDEX, vec![key], arguments)
                    .await
            }
        };
        let added = self.connections.run(add).await;
        added.map(drop).map_err(Error::unavailable)
    }

    pub(crate) async fn ids_of(&self, owner: &str) -> Result<Vec<SessionId>, Error> {
        let key = self.owner_key(owner);
        let first = self.first_listed().to_string();
        let list = |client: Client| {
            let (key, first) = (key.clone(), first.clone());
            async move {
                client
                    .eval::<Vec<Bytes>, _, _, _>(IDS, vec![key], first)
                    .await
            }
        };
        let ids = self.connections.run(list).await;
        let ids = ids.map_err(Error::unavailable)?;
        let read = |id: &Bytes| SessionId::from_stored(std::str::from_utf8(id).ok()?);
        Ok(ids.iter().filter_map(read).collect())
    }

    pub(crate) fn index_entry(&self, owner: &str, id: &SessionId, ttl: i64) -> IndexEntry {
        IndexEntry {
            key: self.owner_key(owner),
            id: Bytes::copy_from_slice(id.as_str().as_bytes()),
            expires_at: self.time_in(ttl).as_millis(),
            first_listed: self.first_listed(),
            ttl: ttl.saturating_add(MARGIN),
        }
    }

    fn owner_key(&self, owner: &str) -> Key {
        Key::from([self.prefix(), OWNER, owner].concat())
    }

    /// The lowest score that the index still names.
    fn first_listed(&self) -> u64 {
        let now = self.time_in(0).as_millis();
        now.saturating_sub(MARGIN.unsigned_abs())
    }
}

/// A session to be named in its owner's index.
#[derive(Clone)]
pub(crate) struct IndexEntry {
    pub(crate) key: Key,
    id: Bytes,
    /// When the session ends, in milliseconds since the epoch.
    expires_at: u64,
    /// The lowest expiry that the index still names.
    first_listed: u64,
    /// For how long the index itself must live, in milliseconds.
    ttl: i64,
}

impl IndexEntry {
    pub(crate) fn arguments(&self) -> [Value; 4] {
        [
            Value::Bytes(self.id.clone()),
            Value::from(self.expires_at.to_string()),
            Value::from(self.first_listed.to_string()),
            Value::from(self.ttl),
        ]
    }
}

/// What the keys of the index begin with, after the prefix. No id that this library generates does.
pub(crate) const OWNER: &str = "owner:";
/// Returns the ids whose expiry is `ARGV[1]` or later.
const IDS: &str = "return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')";
/// For how long an id stays in the index after its session has ended, in milliseconds. The clocks
/// of two servers may differ by that much before a session is missed.
const MARGIN: i64 = 60 * 60 * 1000;
