//! Counting the records.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error as FredError;
use fred::interfaces::{ClientLike, ClusterInterface, KeysInterface};
use fred::types::config::Server;
use session_core::Error;

use crate::RedisDriver;
use crate::driver::{PROBE, unavailable};

impl RedisDriver {
    /// Counts the keys that start with the prefix, in the whole database or Cluster, without those by which the driver
    /// tries what the server can do: with a prefix of their own, the sessions.
    ///
    /// It looks at every key of the database by `SCAN`, a thousand in one step, so that other commands run between
    /// them; `KEYS` would stop the server. A session that begins or ends meanwhile is counted or not. The user needs the
    /// right to `SCAN`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](session_core::ErrorKind::Unavailable) when a server does not answer a step in time, or
    /// does not allow it.
    pub async fn count(&self) -> Result<u64, Error> {
        let pattern = escape(self.prefix()) + "*";
        let probes = [self.prefix(), PROBE].concat();
        let hasher = RandomState::new();
        // SCAN may return a key more than once. Their hashes take less room than the keys.
        let mut seen = HashSet::new();
        for server in self.servers()? {
            let mut cursor = "0".to_owned();
            loop {
                let page = |client| page(client, server.clone(), cursor.clone(), pattern.clone());
                let (next, keys) = self.links().run(page).await.map_err(unavailable)?;
                let keys = keys
                    .iter()
                    .filter(|key| !key.starts_with(probes.as_bytes()));
                seen.extend(keys.map(|key| hasher.hash_one(key)));
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(seen.len() as u64)
    }

    /// The masters of a Cluster, or `None` for the only one that there is.
    fn servers(&self) -> Result<Vec<Option<Server>>, Error> {
        let client = self.pool().next();
        if !client.is_clustered() {
            return Ok(vec![None]);
        }
        let masters = client
            .cached_cluster_state()
            .map(|state| state.unique_primary_nodes())
            .filter(|masters| !masters.is_empty())
            .ok_or_else(|| Error::unavailable("the masters of the cluster are not known"))?;
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

/// The pattern that matches `text` and nothing else.
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

/// How many keys the server looks at in one step.
const STEP: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_no_pattern() {
        assert_eq!(escape("session:"), "session:");
        assert_eq!(escape(r"a*b?[c]\d"), r"a\*b\?\[c\]\\d");
    }
}
