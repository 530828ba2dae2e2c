//! Saves that meet go to the server in one script.
//!
//! The client sends each script in a packet of its own, which costs both sides more than the script does. So a save that
//! comes while another one is under way waits for one turn of the scheduler, and whatever else came by then goes along.
//! A save that meets no other one is sent at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::{Key, Value};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::links::Links;
use crate::script;

/// What the server compares and then stores or removes.
#[derive(Clone)]
pub(crate) struct Comparison {
    pub(crate) key: Key,
    /// The version that the key has to hold: that of a mark, or the whole value where there is none.
    pub(crate) version: Value,
    /// What is stored, and for how many milliseconds. `None` removes the key.
    pub(crate) save: Option<(Bytes, i64)>,
}

/// Runs comparisons on the connections of a pool. Cheap to clone; clones wait for each other.
#[derive(Clone)]
pub(crate) struct Together {
    pub(crate) links: Links,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    under_way: AtomicUsize,
    waiting: Mutex<Vec<Waiting>>,
    /// Set once the server refused several keys in one script, as those do that keep them on several machines.
    is_apart: AtomicBool,
}

struct Waiting {
    comparison: Comparison,
    answer: oneshot::Sender<Result<Value, Error>>,
}

impl Together {
    pub(crate) fn new(links: Links) -> Self {
        Self {
            links,
            shared: Arc::default(),
        }
    }

    /// Runs one comparison: 1 if it was done, 0 if the key is gone, or what the key holds instead and for how many
    /// milliseconds.
    pub(crate) async fn run(&self, comparison: Comparison) -> Result<Value, Error> {
        let under_way = UnderWay::begin(&self.shared);
        if under_way.is_only || !self.may_wait(&comparison) {
            return self.alone(&comparison).await;
        }
        drop(under_way);
        let (answer, answered) = oneshot::channel();
        self.wait(Waiting {
            comparison: comparison.clone(),
            answer,
        });
        match timeout(self.links.limit * TURN_MAY_TAKE, answered).await {
            Ok(Ok(Ok(Value::Integer(ALONE)))) => Box::pin(self.alone(&comparison)).await,
            Ok(Ok(result)) => result,
            // The runtime that was to send it shut down.
            Ok(Err(_)) => Err(Error::new(ErrorKind::Canceled, "no answer")),
            // It stands still. The next ones start anew.
            Err(_) => {
                self.shared.take();
                Err(Error::new(ErrorKind::Timeout, "no answer"))
            }
        }
    }

    async fn alone(&self, comparison: &Comparison) -> Result<Value, Error> {
        self.send(
            std::slice::from_ref(&comparison.key),
            &comparison.arguments(),
        )
        .await
    }

    /// A large value would let all others wait for its transfer, and in a Cluster each key has its own place.
    fn may_wait(&self, comparison: &Comparison) -> bool {
        let bytes = comparison.save.as_ref().map_or(0, |(text, _)| text.len());
        bytes <= LARGE
            && !self.shared.is_apart.load(Ordering::Relaxed)
            && !self.links.pool.is_clustered()
    }

    fn wait(&self, one: Waiting) {
        let mut waiting = self.shared.waiting();
        waiting.push(one);
        match waiting.len() {
            1 => {
                drop(waiting);
                let mut turn = Turn {
                    together: self.clone(),
                    is_over: false,
                };
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    let waiting = turn.end();
                    turn.together.send_all(waiting).await;
                });
            }
            MOST => {
                let all = std::mem::take(&mut *waiting);
                drop(waiting);
                let together = self.clone();
                tokio::spawn(async move { together.send_all(all).await });
            }
            _ => {}
        }
    }

    async fn send_all(&self, mut waiting: Vec<Waiting>) {
        // Nobody waits any more for those whose request went away.
        waiting.retain(|one| !one.answer.is_closed());
        if waiting.is_empty() {
            return;
        }
        let _under_way = UnderWay::begin(&self.shared);
        let keys: Vec<_> = waiting
            .iter()
            .map(|one| one.comparison.key.clone())
            .collect();
        let arguments: Vec<_> = waiting
            .iter()
            .flat_map(|one| one.comparison.arguments())
            .collect();
        match self.send(&keys, &arguments).await {
            Ok(answer) if waiting.len() == 1 => waiting.remove(0).answer(Ok(answer)),
            Ok(Value::Array(answers)) if answers.len() == waiting.len() => {
                for (one, answer) in waiting.into_iter().zip(answers) {
                    one.answer(Ok(answer));
                }
            }
            Ok(_) => {
                for one in waiting {
                    one.answer(Err(Error::new(
                        ErrorKind::Protocol,
                        "not the script's answer",
                    )));
                }
            }
            Err(error) => {
                let is_refused = error.details().starts_with("CROSSSLOT");
                if is_refused {
                    self.shared.is_apart.store(true, Ordering::Relaxed);
                }
                for one in waiting {
                    one.answer(if is_refused {
                        Ok(Value::Integer(ALONE))
                    } else {
                        Err(error.clone())
                    });
                }
            }
        }
    }

    async fn send(&self, keys: &[Key], arguments: &[Value]) -> Result<Value, Error> {
        self.links
            .run(|client| script::COMPARE.run(client, keys.to_vec(), arguments.to_vec()))
            .await
    }
}

impl Comparison {
    fn arguments(&self) -> [Value; 3] {
        let (text, ttl) = self.save.clone().unwrap_or_default();
        [self.version.clone(), Value::Bytes(text), Value::from(ttl)]
    }
}

impl Waiting {
    fn answer(self, result: Result<Value, Error>) {
        // Whoever went away needs none.
        let _ = self.answer.send(result);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.waiting())
    }
}

/// The scheduler's turn for which saves wait.
struct Turn {
    together: Together,
    is_over: bool,
}

impl Turn {
    fn end(&mut self) -> Vec<Waiting> {
        self.is_over = true;
        self.together.shared.take()
    }
}

impl Drop for Turn {
    /// A turn that never comes, because its runtime shuts down, must not let the next ones wait for it.
    fn drop(&mut self) {
        if !self.is_over {
            self.end();
        }
    }
}

/// Counts a script while it is under way.
struct UnderWay<'a> {
    shared: &'a Shared,
    is_only: bool,
}

impl<'a> UnderWay<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let is_only = shared.under_way.fetch_add(1, Ordering::Relaxed) == 0;
        Self { shared, is_only }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.shared.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the script answers where a key could not be dealt with: alone it gets an error of its own.
const ALONE: i64 = -1;
/// In time limits: longer than the script itself, which is given up sooner.
const TURN_MAY_TAKE: u32 = 2;
/// Of the keys in a script, so that it holds the server up for a tenth of a millisecond or two.
const MOST: usize = 64;
/// In bytes.
const LARGE: usize = 16 * 1024;
