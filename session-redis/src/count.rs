//! Counting the sessions, and finding them by the beginning of their id.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error as FredError;
use fred::interfaces::{ClientLike, ClusterInterface, KeysInterface};
use fred::types::config::Server;
use session_core::{Error, SessionId};

use crate::RedisDriver;
use crate::owners::OWNER;
use crate::probe::PROBE_KEY;

impl RedisDriver {
    /// Counts the keys that start with the prefix, in the whole database or Cluster. If nothing
    /// else uses the prefix, that is the number of sessions. The driver's own keys, which are probes
    /// and the index of owners, do not count.
    ///
    /// The driver scans every key of the database with `SCAN`, a thousand per step, so that other
    /// commands run in between. (`KEYS` would block the server.) A session that begins or ends
    /// meanwhile may or may not be counted. The Redis user needs the right to `SCAN`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](session_core::ErrorKind::Unavailable) if a server does not answer
    /// a step in time or denies `SCAN`.
    pub async fn count(&self) -> Result<u64, Error> {
        let hasher = RandomState::new();
        // SCAN may return a key more than once. Hashes take less memory than keys.
        let mut seen = HashSet::new();
        self.scan("", |key| {
            seen.insert(hasher.hash_one(key));
        })
        .await?;
        Ok(seen.len() as u64)
    }

    /// Returns the ids of all sessions whose id starts with `start`, in order: for an operator who has read
    /// the first eight characters in a log.
    ///
    /// It costs as much as [`count`](Self::count). A key may turn out to hold no session, or one that has ended.
    ///
    /// # Errors
    ///
    /// The same as [`count`](Self::count).
    pub async fn ids_starting_with(&self, start: &str) -> Result<Vec<SessionId>, Error> {
        let mut ids = BTreeSet::new();
        self.scan(start, |key| {
            let id = key.get(self.prefix().len()..).unwrap_or_default();
            let id = std::str::from_utf8(id).ok();
            ids.extend(id.and_then(SessionId::from_stored));
        })
        .await?;
        Ok(ids.into_iter().collect())
    }

    /// Calls `found` with every key of a session whose id starts with `start`, some of them more than once.
    async fn scan(&self, start: &str, mut found: impl FnMut(&Bytes)) -> Result<(), Error> {
        let pattern = escape(self.prefix()) + &escape(start) + "*";
        let own = [PROBE_KEY, OWNER].map(|name| [self.prefix(), name].concat());
        for server in self.servers()? {
            let mut cursor = "0".to_owned();
            loop {
                let page = |client| page(client, server.clone(), cursor.clone(), pattern.clone());
                let (next, keys) = self
                    .connections
                    .run(page)
                    .await
                    .map_err(Error::unavailable)?;
                let is_own = |key: &Bytes| own.iter().any(|own| key.starts_with(own.as_bytes()));
                keys.iter().filter(|key| !is_own(key)).for_each(&mut found);
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(())
    }

    /// Returns the masters of a Cluster, or one `None` for a single server.
    fn servers(&self) -> Result<Vec<Option<Server>>, Error> {
        let client = self.pool().next();
        if !client.is_clustered() {
            return Ok(vec![None]);
        }
        let masters = client
            .cached_cluster_state()
            .map(|state| state.unique_primary_nodes())
            .filter(|masters| !masters.is_empty())
            .ok_or_else(|| Error::unavailable("the masters of the Cluster are unknown"))?;
        Ok(masters.into_iter().map(Some).collect())
    }
}

async fn page(
    client: Client,
    server: Option<Server>,
    cursor: String,
    pattern: String,
) -> Result<(String, Vec<Bytes>), FredError> {
    match server {
        Some(server) => {
            let client = client.with_cluster_node(server);
            client.scan_page(cursor, pattern, Some(STEP), None).await
        }
        None => client.scan_page(cursor, pattern, Some(STEP), None).await,
    }
}

/// Returns the pattern that matches exactly this text.
fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for char in text.chars() {
        if r"*?[]\".contains(char) {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}

/// How many keys the server scans per step.
const STEP: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape("session:"), "session:");
        assert_eq!(escape(r"a*b?[c]\d"), r"a\*b\?\[c\]\\d");
    }
}
