//! The connections of a pool: which one runs a command, how long the command may take, and what
//! happens when a connection goes silent.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use fred::clients::{Client, Pool};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use tokio::runtime::Handle;

use crate::outage::{Outage, is_wrong_connection};

/// Runs commands on the connections of a pool in turn.
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    pub(crate) prefix: Box<str>,
    pub(crate) states: Box<[State]>,
    /// Where background tasks run, usually the runtime of the client.
    pub(crate) runtime: Option<Handle>,
    pub(crate) this: Weak<Self>,
    timeout: Duration,
    next: AtomicUsize,
    outage: Mutex<Outage>,
}

/// The state of one connection.
#[derive(Default)]
pub(crate) struct State {
    /// A number that changes with every reply.
    replies: AtomicU64,
    /// `true` while a task checks and replaces the connection.
    is_recovering: AtomicBool,
    replacement: Mutex<Replacement>,
}

impl Connections {
    pub(crate) fn new(pool: Pool, prefix: &str, timeout: Duration) -> Arc<Self> {
        let connections = Arc::new_cyclic(|this| Self {
            prefix: prefix.into(),
            states: pool.clients().iter().map(|_| State::default()).collect(),
            runtime: Handle::try_current().ok(),
            this: Weak::clone(this),
            timeout,
            next: AtomicUsize::new(0),
            outage: Mutex::new(Outage::none(pool.size())),
            pool,
        });
        connections.watch();
        connections
    }

    /// Runs a command on one connection, within the timeout.
    pub(crate) async fn run<T, F>(&self, command: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let index = self.pick();
        let client = self.pool.clients()[index].clone();
        let state = &self.states[index];
        let replies_before = state.replies.load(Ordering::Relaxed);
        // fred's futures take several kilobytes. The first attempt stays on the stack; only the
        // rare second one is boxed.
        let attempts = pin!(async {
            match command(client.clone()).await {
                Err(error) if is_redirection(&error) => Box::pin(command(client)).await,
                result => result,
            }
        });
        match self.within_timeout(attempts).await {
            Err(error) if error.kind() == &ErrorKind::Timeout => {
                self.reconnect(index, replies_before);
                Err(self.explain(index, error))
            }
            result => {
                state.replies.fetch_add(1, Ordering::Relaxed);
                if result.as_ref().is_err_and(is_wrong_connection) {
                    self.suspect(index);
                }
                result
            }
        }
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

    /// Picks the next connection that works. A command on one that is down would wait for it.
    fn pick(&self) -> usize {
        let clients = self.pool.clients();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut in_turn =
            (0..clients.len()).map(|offset| first.wrapping_add(offset) % clients.len());
        let is_up = |index: &usize| clients[*index].is_connected();
        let works = |index: &usize| is_up(index) && !self.states[*index].is_recovering();
        in_turn
            .clone()
            .find(works)
            .or_else(|| in_turn.find(is_up))
            .unwrap_or(first % clients.len())
    }

    /// Replaces a connection that went silent. fred's own check does not notice silence while
    /// something is being written, which is always the case under load.
    fn reconnect(&self, index: usize, replies_before: u64) {
        let pause = if self.pool.clients()[index].is_clustered() {
            // Other nodes may still answer, and refreshing the topology takes time from their
            // commands.
            self.timeout * REFRESH_INTERVAL
        } else {
            // Nothing arrived during a whole command. Counting this as a reply keeps the commands
            // that waited alongside from reconnecting too.
            let replies = &self.states[index].replies;
            let counted = replies.compare_exchange(
                replies_before,
                replies_before + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if counted.is_err() {
                return;
            }
            Duration::ZERO
        };
        if let Some(this) = self.this.upgrade() {
            self.spawn(async move { this.replace(index, pause).await });
        }
    }

    /// Replaces a connection, or refreshes the topology of a Cluster. Does nothing if that is under
    /// way already, or finished less than `pause` ago.
    pub(crate) async fn replace(&self, index: usize, pause: Duration) {
        let client = &self.pool.clients()[index];
        // Without a policy, fred would give up for good.
        if !client.has_reconnect_policy() || !self.states[index].start_replacement(pause) {
            return;
        }
        if client.is_connected() {
            // If this fails, fred keeps trying in the background. It never answers if the
            // application has closed the pool.
            let _ = tokio::time::timeout(REPLACEMENT_LIMIT, client.force_reconnection()).await;
        }
        *self.states[index].replacement() = Replacement::Finished(Instant::now());
    }

    /// Names the cause of a timeout if the connection is known not to work.
    fn explain(&self, index: usize, error: Error) -> Error {
        if !self.states[index].is_recovering() {
            return error;
        }
        self.outage().cause(index).cloned().unwrap_or(error)
    }

    pub(crate) fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.runtime {
            Some(runtime) => runtime.spawn(task),
            None => tokio::spawn(task),
        };
    }
}

impl State {
    /// Returns `true` if no recovery was running, and marks it as running.
    pub(crate) fn start_recovery(&self) -> bool {
        !self.is_recovering.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn end_recovery(&self) {
        self.is_recovering.store(false, Ordering::Relaxed);
    }

    fn is_recovering(&self) -> bool {
        self.is_recovering.load(Ordering::Relaxed)
    }

    /// Returns `true` if a replacement is due, and marks it as running. Only one runs at a time: a
    /// second one would start over just when the first has found the new master.
    fn start_replacement(&self, pause: Duration) -> bool {
        let mut replacement = self.replacement();
        let is_due = match *replacement {
            Replacement::Never => true,
            Replacement::Running => false,
            Replacement::Finished(at) => Instant::now() > at + pause,
        };
        if is_due {
            *replacement = Replacement::Running;
        }
        is_due
    }

    fn replacement(&self) -> MutexGuard<'_, Replacement> {
        self.replacement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The replacement of a connection. With a Cluster, its search for the current masters.
#[derive(Default)]
enum Replacement {
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

/// How long to wait for the replacement of a connection.
const REPLACEMENT_LIMIT: Duration = Duration::from_secs(5);
/// The shortest time between two topology refreshes, in timeouts.
const REFRESH_INTERVAL: u32 = 2;
