//! The connections of a pool: which one runs a command, how long the command may take, and what
//! happens when a connection goes silent.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;

/// Runs commands on the connections of a pool in turn. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    timeout: Duration,
    next: Arc<AtomicUsize>,
    /// For each connection, a number that changes with every reply.
    replies: Arc<[AtomicU64]>,
    /// For each connection to a Cluster, the state of its topology refresh.
    refreshes: Arc<[Mutex<Refresh>]>,
}

impl Connections {
    pub(crate) fn new(pool: Pool, timeout: Duration) -> Self {
        Self {
            timeout,
            next: Arc::default(),
            replies: pool.clients().iter().map(|_| AtomicU64::new(0)).collect(),
            refreshes: pool.clients().iter().map(|_| Mutex::default()).collect(),
            pool,
        }
    }

    /// Runs a command on one connection, within the timeout.
    pub(crate) async fn run<T, F>(&self, command: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let index = self.pick();
        let client = self.pool.clients()[index].clone();
        let replies_before = self.replies[index].load(Ordering::Relaxed);
        // fred's futures take several kilobytes. The first attempt stays on the stack; only the
        // rare second one is boxed.
        let attempts = pin!(async {
            match command(client.clone()).await {
                Err(error) if is_redirection(&error) => Box::pin(command(client)).await,
                result => result,
            }
        });
        let result = self.within_timeout(attempts).await;
        match &result {
            Err(error) if error.kind() == &ErrorKind::Timeout => {
                self.reconnect(index, replies_before);
            }
            _ => {
                self.replies[index].fetch_add(1, Ordering::Relaxed);
            }
        }
        result
    }

    /// Waits a tenth longer than fred does. fred's own timeout also keeps an abandoned command from
    /// being sent later, so it should fire first.
    pub(crate) async fn within_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::time::timeout(self.timeout + self.timeout / 10, work)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "no answer")))
    }

    /// Picks the next connection that is up. A command on one that is down would wait for it.
    fn pick(&self) -> usize {
        let clients = self.pool.clients();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        (0..clients.len())
            .map(|offset| first.wrapping_add(offset) % clients.len())
            .find(|index| clients[*index].is_connected())
            .unwrap_or(first % clients.len())
    }

    /// Replaces a connection that went silent. fred's own check does not notice silence while
    /// something is being written, which is always the case under load.
    fn reconnect(&self, index: usize, replies_before: u64) {
        let client = self.pool.clients()[index].clone();
        let is_due = if client.is_clustered() {
            // Other nodes may still answer, and refreshing the topology takes time from their
            // commands.
            self.start_refresh(index)
        } else {
            // Nothing arrived during a whole command. Counting this as a reply keeps the commands
            // that waited alongside from reconnecting too.
            self.replies[index]
                .compare_exchange(
                    replies_before,
                    replies_before + 1,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
        };
        if is_due {
            let connections = self.clone();
            tokio::spawn(async move {
                if client.is_connected() {
                    // If this fails, fred keeps trying in the background.
                    let _ = client.force_reconnection().await;
                }
                *connections.refresh(index) = Refresh::Finished(Instant::now());
            });
        }
    }

    /// Returns `true` if a topology refresh is due, and marks it as running. Only one runs at a
    /// time: a second one would start over just when the first has found the new master.
    fn start_refresh(&self, index: usize) -> bool {
        let mut refresh = self.refresh(index);
        let is_due = match *refresh {
            Refresh::Never => true,
            Refresh::Running => false,
            Refresh::Finished(at) => Instant::now() > at + self.timeout * REFRESH_INTERVAL,
        };
        if is_due {
            *refresh = Refresh::Running;
        }
        is_due
    }

    fn refresh(&self, index: usize) -> MutexGuard<'_, Refresh> {
        self.refreshes[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's search for the current masters of its Cluster.
#[derive(Default)]
enum Refresh {
    #[default]
    Never,
    Running,
    Finished(Instant),
}

/// Returns `true` if a Cluster node refused the command because another node owns the slot. The
/// command did not run, and after `MOVED` the client knows the owner.
fn is_redirection(error: &Error) -> bool {
    error.details() == "Too many redirections."
}

/// The shortest time between two topology refreshes, in timeouts.
const REFRESH_INTERVAL: u32 = 2;
