//! Capability probes: what the server lets the driver do.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::KeysInterface;
use fred::types::{Expiration, Key};

use crate::batch::Operation;
use crate::connections::Connections;
use crate::outage::is_rejection;

/// How the names of all probe keys start, after the prefix.
pub(crate) const PROBE_KEY: &str = "session-probe";

/// Whether one command may use several keys.
///
/// The user may lack the permission. Also, one address may hide several servers that share the keys,
/// for example behind a proxy. Such a proxy rejects a command with several keys, in words of its
/// own, or runs it on the server of the first key only. Only a try can tell.
pub(crate) struct MultiKeySupport(AtomicU8);

impl MultiKeySupport {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(UNKNOWN))
    }

    pub(crate) fn is_supported(&self) -> bool {
        self.0.load(Ordering::Relaxed) == SUPPORTED
    }

    /// Returns `true` if a [`probe`](Self::probe) is due. Only one caller gets `true` and must run
    /// it.
    pub(crate) fn claim_probe(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN && self.replace(UNKNOWN, PROBING)
    }

    /// Forgets that the server supports it, after something that may mean the opposite.
    pub(crate) fn invalidate(&self) {
        self.replace(SUPPORTED, UNKNOWN);
    }

    pub(crate) async fn probe<O: Operation>(&self, connections: &Connections) {
        let state = match try_several_keys::<O>(connections).await {
            Ok(true) => SUPPORTED,
            Ok(false) => UNSUPPORTED,
            Err(_) => UNKNOWN,
        };
        if state == UNSUPPORTED {
            let operations = O::NAME;
            tracing::debug!(target: "session", operations, "the server rejects commands with several keys: they are sent one by one");
        }
        self.0.store(state, Ordering::Relaxed);
    }

    fn replace(&self, from: u8, to: u8) -> bool {
        let replaced = self
            .0
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        replaced.is_ok()
    }
}

/// Stores a unique value under each probe key, then lets one command find them all.
async fn try_several_keys<O: Operation>(connections: &Connections) -> Result<bool, Error> {
    let token = format!("{:x}", RandomState::new().hash_one(()));
    let value = Bytes::from(token.clone());
    let keys: Vec<_> = (0..KEYS)
        .map(|n| Key::from(format!("{}{PROBE_KEY}-{token}-{n}", connections.prefix)))
        .collect();
    for key in &keys {
        let set = |client: Client| {
            let (key, value) = (key.clone(), value.clone());
            let expire = Some(Expiration::PX(KEY_TTL));
            async move {
                client
                    .set::<(), _, _>(key, value, expire, None, false)
                    .await
            }
        };
        connections.run(set).await?;
    }
    let probes: Vec<_> = keys
        .iter()
        .map(|key| O::probe(key.clone(), value.clone()))
        .collect();
    let replies = match O::run_all(&probes, connections).await {
        Err(error) if !is_rejection(&error) => return Err(error),
        replies => replies.unwrap_or_default(),
    };
    for key in &keys {
        let remove = |client: Client| {
            let key = key.clone();
            async move { client.del::<i64, _>(key).await }
        };
        // A key that stays behind expires.
        let _ = connections.run(remove).await;
    }
    let has_found = |reply: &Option<O::Reply>| {
        reply
            .as_ref()
            .is_some_and(|reply| O::has_found(reply, &value))
    };
    Ok(!replies.is_empty() && replies.iter().all(has_found))
}

const UNKNOWN: u8 = 0;
const PROBING: u8 = 1;
const SUPPORTED: u8 = 2;
const UNSUPPORTED: u8 = 3;

/// So many that they are unlikely to all belong to one of several servers.
const KEYS: usize = 16;
/// In milliseconds.
const KEY_TTL: i64 = 60_000;
