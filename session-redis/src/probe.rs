//! Capability probes: what the server lets the driver do.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use fred::error::Error;
use fred::interfaces::KeysInterface;
use fred::types::{Expiration, Key};

use crate::compare_and_set::{CompareAndSet, Reply};
use crate::connections::Connections;
use crate::outage::{came_from_server, is_wrong_connection};

/// How the names of all probe keys start, after the prefix.
pub(crate) const PROBE_KEY: &str = "session-probe";

/// Whether one script may use several keys.
///
/// One address may hide several servers that share the keys, for example behind a proxy. Such a
/// proxy rejects a script with several keys, in words of its own, or runs it on the server of the
/// first key only. Only a try can tell.
pub(crate) struct MultiKeySupport {
    state: AtomicU8,
    prefix: String,
}

impl MultiKeySupport {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            state: AtomicU8::new(UNKNOWN),
            prefix: prefix.to_owned(),
        }
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.state.load(Ordering::Relaxed) == SUPPORTED
    }

    /// Returns `true` if a [`probe`](Self::probe) is due. Only one caller gets `true` and must run
    /// it.
    pub(crate) fn claim_probe(&self) -> bool {
        let state = &self.state;
        state.load(Ordering::Relaxed) == UNKNOWN
            && state
                .compare_exchange(UNKNOWN, PROBING, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Forgets that the server supports it, after an error that may mean the opposite.
    pub(crate) fn invalidate(&self) {
        let state = &self.state;
        let _ = state.compare_exchange(SUPPORTED, UNKNOWN, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) async fn probe(&self, connections: &Connections) {
        let state = match self.try_several_keys(connections).await {
            Ok(true) => SUPPORTED,
            Ok(false) => UNSUPPORTED,
            Err(_) => UNKNOWN,
        };
        if state == UNSUPPORTED {
            tracing::debug!(target: "session", "the server rejects scripts with several keys: saves are sent one by one");
        }
        self.state.store(state, Ordering::Relaxed);
    }

    /// Stores a unique value under each probe key, then lets one script find them all and give them a millisecond to live.
    async fn try_several_keys(&self, connections: &Connections) -> Result<bool, Error> {
        let token = RandomState::new().hash_one(());
        let operations: Vec<_> = (0..KEYS)
            .map(|n| CompareAndSet {
                key: Key::from(format!("{}{PROBE_KEY}-{token:x}-{n}", self.prefix)),
                expected: Bytes::from(format!("{token:x}")),
                value: Bytes::from_static(b"-"),
                ttl: 1,
            })
            .collect();
        for operation in &operations {
            let expire = Some(Expiration::PX(KEY_TTL));
            let set = connections.run(|client| {
                let (key, value) = (operation.key.clone(), operation.expected.clone());
                let expire = expire.clone();
                async move {
                    client
                        .set::<(), _, _>(key, value, expire, None, false)
                        .await
                }
            });
            set.await?;
        }
        let all: Vec<_> = operations.iter().collect();
        match CompareAndSet::run_all(&all, connections).await {
            Ok(replies)
                if replies
                    .iter()
                    .all(|reply| matches!(reply, Some(Reply::Done))) =>
            {
                return Ok(true);
            }
            Err(error) if !came_from_server(&error) || is_wrong_connection(&error) => {
                return Err(error);
            }
            Ok(_) | Err(_) => {}
        }
        for operation in &operations {
            let remove = connections.run(|client| {
                let key = operation.key.clone();
                async move { client.del::<i64, _>(key).await }
            });
            // A key that stays behind expires.
            let _ = remove.await;
        }
        Ok(false)
    }
}

const UNKNOWN: u8 = 0;
const PROBING: u8 = 1;
const SUPPORTED: u8 = 2;
const UNSUPPORTED: u8 = 3;

/// So many that they are unlikely to all belong to one of several servers.
const KEYS: usize = 16;
/// In milliseconds.
const KEY_TTL: i64 = 60_000;
