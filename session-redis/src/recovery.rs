//! How a connection that does not work is noticed and replaced.
//!
//! A connection may be up and yet useless: it leads to a master that became a replica, to a server
//! that is loading its data, or to one that no longer accepts the password. fred replaces only
//! connections that break. So an answer that says "wrong server" starts a task that makes sure of
//! it, replaces the connection, and repeats that after growing pauses until the server accepts
//! writes. A new connection resolves the host name, asks Sentinel or refreshes the topology of the
//! Cluster.

use std::collections::HashSet;
use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, ClusterInterface, EventInterface};
use fred::types::Key;
use fred::util::redis_keyslot;
use tokio::sync::broadcast::error::RecvError;

use crate::connections::Connections;
use crate::outage::{self, came_from_server, is_wrong_connection};
use crate::probe::PROBE_KEY;
use crate::scripts;

impl Connections {
    /// Follows fred's own errors: broken connections and failed attempts to connect. Without a
    /// runtime, only the answers to commands reveal an outage.
    pub(crate) fn watch(&self) {
        let Some(runtime) = &self.runtime else { return };
        for (index, client) in self.pool.clients().iter().enumerate() {
            let mut errors = client.error_rx();
            let this = self.this.clone();
            runtime.spawn(async move {
                loop {
                    let error = match errors.recv().await {
                        Ok((error, _)) => error,
                        Err(RecvError::Lagged(_)) => continue,
                        Err(RecvError::Closed) => return,
                    };
                    let Some(this) = this.upgrade() else { return };
                    if !error.is_canceled() {
                        this.outage().note(index, &error);
                        this.suspect(index);
                    }
                }
            });
        }
    }

    /// Checks a connection, and keeps replacing it until it works.
    pub(crate) fn suspect(&self, index: usize) {
        if !self.states[index].start_recovery() {
            return;
        }
        let this = self.this.clone();
        self.spawn(async move {
            let mut pause = Duration::ZERO;
            // The task must not keep a pool alive that nobody uses anymore.
            while let Some(this) = this.upgrade() {
                if this.recover(index, &mut pause).await {
                    this.outage().end(index);
                    this.states[index].end_recovery();
                    return;
                }
            }
        });
    }

    /// Returns `true` if the connection works. Otherwise, replaces it or waits for fred to do so.
    async fn recover(&self, index: usize, pause: &mut Duration) -> bool {
        let client = &self.pool.clients()[index];
        let error = match self.check(client).await {
            Err(error) if is_wrong_connection(&error) || !came_from_server(&error) => error,
            Ok(()) | Err(_) => return true,
        };
        if !is_wrong_connection(&error) {
            *pause = next(*pause);
            match client.is_connected() {
                true => tokio::time::sleep(*pause).await,
                false => self.wait_for_connection(client).await,
            }
            return false;
        }
        if self.outage().note(index, &error) {
            // The other connections probably lead to the same server.
            (0..self.pool.size()).for_each(|other| self.suspect(other));
        }
        if pause.is_zero() && error.details().starts_with(outage::LOADING) {
            *pause = next(*pause);
        }
        tokio::time::sleep(*pause).await;
        *pause = next(*pause);
        self.replace(index, Duration::ZERO).await;
        false
    }

    async fn wait_for_connection(&self, client: &Client) {
        let _ = tokio::time::timeout(MAX_PAUSE, client.wait_for_connect()).await;
    }

    /// Checks that the first connection may write and run scripts.
    pub(crate) async fn check_access(&self) -> Result<(), Error> {
        self.check(&self.pool.clients()[0]).await
    }

    /// Checks that a connection may write and run scripts, in a Cluster on each master.
    async fn check(&self, client: &Client) -> Result<(), Error> {
        for key in self.probe_keys(client) {
            let check =
                scripts::CHECK_ACCESS.run(client.clone(), || (vec![key.clone()], Vec::new()));
            let () = self.within_timeout(check).await?;
        }
        Ok(())
    }

    /// Returns one key, or for a Cluster one for each master.
    fn probe_keys(&self, client: &Client) -> Vec<Key> {
        let key = [&self.prefix, PROBE_KEY].concat();
        let Some(cluster) = client
            .cached_cluster_state()
            .filter(|_| client.is_clustered())
        else {
            return vec![Key::from(key)];
        };
        let mut masters = HashSet::new();
        (0..MAX_PROBE_KEYS)
            .map(|n| format!("{key}-{n}"))
            .filter(|key| masters.insert(cluster.get_server(redis_keyslot(key.as_bytes()))))
            .map(Key::from)
            .collect()
    }
}

fn next(pause: Duration) -> Duration {
    (pause * 2).clamp(MIN_PAUSE, MAX_PAUSE)
}

/// The pauses between two replacements of a connection. The first one is made at once.
const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// Enough to find a key for each of dozens of masters.
const MAX_PROBE_KEYS: u32 = 256;
