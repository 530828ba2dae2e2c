//! The connections of a pool: which one runs a command, for how long, and what if it fell silent.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;

/// Runs commands on the connections of a pool in turn. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) pool: Pool,
    limit: Duration,
    turn: Arc<AtomicUsize>,
    /// Of each connection, a number that changes with every answer.
    answers: Arc<[AtomicU64]>,
    /// Of each, whether it looks for the masters of its Cluster.
    looks: Arc<[Mutex<Look>]>,
}

impl Links {
    pub(crate) fn new(pool: Pool, limit: Duration) -> Self {
        Self {
            limit,
            turn: Arc::default(),
            answers: pool.clients().iter().map(|_| AtomicU64::new(0)).collect(),
            looks: pool.clients().iter().map(|_| Mutex::default()).collect(),
            pool,
        }
    }

    /// Runs a command, in time.
    pub(crate) async fn run<T, F>(&self, command: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let link = self.next();
        let client = self.pool.clients()[link].clone();
        let before = self.answers[link].load(Ordering::Relaxed);
        // fred's futures are some kilobytes: the usual one stays where it is made, and a second one is boxed.
        let tries = pin!(async {
            match command(client.clone()).await {
                Err(error) if is_redirection(&error) => Box::pin(command(client)).await,
                result => result,
            }
        });
        let result = self.in_time(tries).await;
        match &result {
            Err(error) if error.kind() == &ErrorKind::Timeout => self.give_up(link, before),
            _ => {
                self.answers[link].fetch_add(1, Ordering::Relaxed);
            }
        }
        result
    }

    /// Gives up a little later than fred gives up a command, which also keeps that from being sent after all.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::time::timeout(self.limit + self.limit / 10, work)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "no answer")))
    }

    /// Prefers what is connected: the others would let the command wait.
    fn next(&self) -> usize {
        let clients = self.pool.clients();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..clients.len())
            .map(|n| first.wrapping_add(n) % clients.len())
            .find(|link| clients[*link].is_connected())
            .unwrap_or(first % clients.len())
    }

    /// Replaces a connection that fell silent. fred's own check sees no silence as long as something is written,
    /// which is always under load.
    fn give_up(&self, link: usize, before: u64) {
        let client = self.pool.clients()[link].clone();
        let is_due = if client.is_clustered() {
            // Others of its servers may go on answering. Looking around for a new master takes time from them.
            self.begin_look(link)
        } else {
            // Nothing came back while a whole command waited. Counting this as an answer keeps those that waited
            // beside it from doing the same.
            self.answers[link]
                .compare_exchange(before, before + 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        if is_due {
            let links = self.clone();
            tokio::spawn(async move {
                if client.is_connected() {
                    // Without success it goes on trying by itself.
                    let _ = client.force_reconnection().await;
                }
                *links.look(link) = Look::Ended(Instant::now());
            });
        }
    }

    /// One look at a time: a second one would begin all over when the first has found what it looked for.
    fn begin_look(&self, link: usize) -> bool {
        let mut look = self.look(link);
        let is_due = match *look {
            Look::Never => true,
            Look::Running => false,
            Look::Ended(ended) => Instant::now() > ended + self.limit * BETWEEN_LOOKS,
        };
        if is_due {
            *look = Look::Running;
        }
        is_due
    }

    fn look(&self, link: usize) -> MutexGuard<'_, Look> {
        self.looks[link]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's look for the masters of its Cluster.
#[derive(Default)]
enum Look {
    #[default]
    Never,
    Running,
    Ended(Instant),
}

/// Says whether a server of a Cluster refused the command because another one has the slot. It did not carry it
/// out, and after MOVED the client knows by now who will.
fn is_redirection(error: &Error) -> bool {
    error.details() == "Too many redirections."
}

/// How many time limits lie between two looks.
const BETWEEN_LOOKS: u32 = 2;
