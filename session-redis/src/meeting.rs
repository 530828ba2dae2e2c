//! Whether several keys may meet in one script.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::KeysInterface;
use fred::types::{Expiration, Key};

use crate::batch::{Answer, Batches, Comparison};
use crate::driver::PROBE;

/// What is known of a server. Behind its address there may be several that share the keys, as with a proxy. Such a proxy
/// refuses several keys in one script, in words of its own, or asks only the server of the first key. So it is tried.
pub(crate) struct Meeting {
    state: AtomicU8,
    prefix: String,
}

impl Meeting {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            state: AtomicU8::new(UNKNOWN),
            prefix: prefix.to_owned(),
        }
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.state.load(Ordering::Relaxed) == POSSIBLE
    }

    /// Says so once. Then [`attempt`](Self::attempt) is due.
    pub(crate) fn is_to_be_tried(&self) -> bool {
        let state = &self.state;
        state.load(Ordering::Relaxed) == UNKNOWN
            && state
                .compare_exchange(UNKNOWN, TRIED, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Something went wrong that might come from it: it is to be tried again.
    pub(crate) fn doubt(&self) {
        let state = &self.state;
        let _ = state.compare_exchange(POSSIBLE, UNKNOWN, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) async fn attempt(&self, batches: &Batches) {
        let state = match self.find_out(batches).await {
            Ok(true) => POSSIBLE,
            Ok(false) => IMPOSSIBLE,
            Err(_) => UNKNOWN,
        };
        if state == IMPOSSIBLE {
            tracing::debug!(target: "session", "the server takes one key in a script: saves go one by one");
        }
        self.state.store(state, Ordering::Relaxed);
    }

    /// Stores values that nobody else has, key by key, and has one script find and remove them all.
    async fn find_out(&self, batches: &Batches) -> Result<bool, Error> {
        let token = RandomState::new().hash_one(());
        let comparisons: Vec<_> = (0..KEYS)
            .map(|n| Comparison {
                key: Key::from(format!("{}{PROBE}-{token:x}-{n}", self.prefix)),
                version: Bytes::from(format!("{token:x}")),
                save: None,
            })
            .collect();
        for one in &comparisons {
            let expire = Some(Expiration::PX(LIFETIME));
            let set = batches.links.run(|client| {
                let (key, value, expire) = (one.key.clone(), one.version.clone(), expire.clone());
                async move {
                    client
                        .set::<(), _, _>(key, value, expire, None, false)
                        .await
                }
            });
            set.await?;
        }
        let all: Vec<_> = comparisons.iter().collect();
        match batches.all(&all).await {
            Ok(answers)
                if answers
                    .iter()
                    .all(|answer| matches!(answer, Some(Answer::Done))) =>
            {
                return Ok(true);
            }
            Err(error) if !has_answered(&error) => return Err(error),
            Ok(_) | Err(_) => {}
        }
        for one in &comparisons {
            let remove = batches.links.run(|client| {
                let key = one.key.clone();
                async move { client.del::<i64, _>(key).await }
            });
            // Those that stay end by themselves.
            let _ = remove.await;
        }
        Ok(false)
    }
}

fn has_answered(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled
    )
}

const UNKNOWN: u8 = 0;
const TRIED: u8 = 1;
const POSSIBLE: u8 = 2;
const IMPOSSIBLE: u8 = 3;

/// So many that they hardly all belong to one of several servers.
const KEYS: usize = 16;
/// Of a key that was not found again, in milliseconds.
const LIFETIME: i64 = 60_000;
