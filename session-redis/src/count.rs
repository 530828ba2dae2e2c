//! Counting the sessions.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error as FredError;
use fred::interfaces::{ClientLike, ClusterInterface, KeysInterface};
use fred::types::config::Server;
use session_core::Error;

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
        let pattern = escape(self.prefix()) + "*";
        let own = [PROBE_KEY, OWNER].map(|name| [self.prefix(), name].concat());
        let hasher = RandomState::new();
        // SCAN may return a key more than once. Hashes take less memory than keys.
        let mut seen = HashSet::new();
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
                let keys = keys.iter().filter(|key| !is_own(key));
                seen.extend(keys.map(|key| hasher.hash_one(key)));
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(seen.len() as u64)
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
