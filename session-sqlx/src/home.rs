//! Where connections come from: the driver's own pool, or the application's.
//!
//! A pool of sqlx tests a connection after each use, with a round trip to the server. The driver's own connections are only
//! tested if nobody has used them for a while, so they are in a pool of deadpool, which leaves that to its user.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as SystemInstant};

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, Connection, Database, Error};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::failure::is_passing;

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

pub(crate) struct Home<DB: Database> {
    source: Source<DB>,
    /// `false` if a proxy keeps no prepared statements.
    prepares: bool,
}

enum Source<DB: Database> {
    /// The application's pool.
    Shared(sqlx::Pool<DB>),
    /// Connections that only the driver uses.
    Own(Pool<Opener<DB>>),
}

/// Opens and tests the driver's own connections.
struct Opener<DB: Database> {
    options: Options<DB>,
    limits: Limits,
    /// When a connection failed its test. Those that nobody has used since are broken too.
    failed: Mutex<Option<SystemInstant>>,
}

/// How long connections are kept, and how long they are taken to work.
#[derive(Clone, Copy)]
struct Limits {
    untested: Duration,
    /// How long a test may take.
    test: Duration,
    idle: Duration,
    life: Duration,
}

/// A connection that belongs to one call. It is closed rather than reused unless the call has ended: the answer would
/// still be on its way, and on a silent connection it never comes.
pub(crate) struct Held<DB: Database> {
    lent: Lent<DB>,
    /// `false` if arguments must be written into the statements.
    pub(crate) prepares: bool,
    is_idle: bool,
}

enum Lent<DB: Database> {
    Shared(PoolConnection<DB>),
    Own(Object<Opener<DB>>),
    Nothing,
}

impl<DB: Database> Home<DB> {
    pub(crate) const fn shared(pool: sqlx::Pool<DB>) -> Self {
        Self {
            source: Source::Shared(pool),
            prepares: true,
        }
    }

    /// Connects when a connection is needed. `timeout` is that of one call.
    pub(crate) fn own(options: Options<DB>, connections: u32, timeout: Duration) -> Self {
        let limits = Limits {
            // After a test that nobody answered, there must be time left to connect.
            test: timeout / 2,
            ..LIMITS
        };
        Self {
            source: Source::Own(pool(options, connections, limits)),
            prepares: true,
        }
    }

    /// Sets whether statements are prepared. Default: `true`.
    #[cfg(feature = "postgres")]
    pub(crate) const fn preparing(mut self, prepares: bool) -> Self {
        self.prepares = prepares;
        self
    }

    /// Returns a connection, or why there is none.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<Held<DB>, Error> {
        let lent = match &self.source {
            Source::Shared(pool) => {
                let acquired = timeout_at(deadline, pool.acquire()).await;
                Lent::Shared(acquired.unwrap_or(Err(Error::PoolTimedOut))?)
            }
            Source::Own(pool) => Lent::Own(acquire(pool, deadline).await?),
        };
        Ok(Held {
            lent,
            prepares: self.prepares,
            is_idle: false,
        })
    }

    /// Connects outside the application's pool, which keeps trying when a server refuses, and returns why that fails.
    pub(crate) async fn why_not(&self) -> Option<Error> {
        let Source::Shared(pool) = &self.source else {
            return None;
        };
        let options = pool.connect_options();
        match timeout(PROBE_LIMIT, options.connect()).await {
            Ok(Ok(connection)) => {
                // A connection that cannot be closed ends with its socket.
                let _ = connection.close().await;
                None
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        }
    }

    pub(crate) async fn close(&self) {
        match &self.source {
            Source::Shared(pool) => pool.close().await,
            Source::Own(pool) => {
                let idle = pool.retain(|_, _| false).removed;
                pool.close();
                for connection in idle {
                    let _ = timeout(PROBE_LIMIT, connection.close()).await;
                }
            }
        }
    }
}

fn pool<DB: Database>(options: Options<DB>, connections: u32, limits: Limits) -> Pool<Opener<DB>> {
    let opener = Opener {
        options,
        limits,
        failed: Mutex::default(),
    };
    let size = usize::try_from(connections).unwrap_or(usize::MAX);
    // The one that was used last is used next, so that the others can be closed.
    let builder = Pool::builder(opener)
        .max_size(size)
        .queue_mode(QueueMode::Lifo);
    builder
        .build()
        .unwrap_or_else(|_| unreachable!("only timeouts need a runtime"))
}

/// Keeps trying if the server is starting or full.
async fn acquire<DB: Database>(
    pool: &Pool<Opener<DB>>,
    deadline: Instant,
) -> Result<Object<Opener<DB>>, Error> {
    let mut pause = FIRST_PAUSE;
    let mut last = Error::PoolTimedOut;
    while let Ok(acquired) = timeout_at(deadline, pool.get()).await {
        match acquired {
            Ok(connection) => return Ok(connection),
            Err(PoolError::Backend(error)) if is_passing(&error) => last = error,
            Err(PoolError::Backend(error)) => return Err(error),
            Err(_) => return Err(Error::PoolClosed),
        }
        let next = Instant::now() + pause;
        if next >= deadline {
            break;
        }
        sleep_until(next).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
    Err(last)
}

impl<DB: Database> Manager for Opener<DB> {
    type Type = DB::Connection;
    type Error = Error;

    async fn create(&self) -> Result<DB::Connection, Error> {
        self.options.connect().await
    }

    async fn recycle(
        &self,
        connection: &mut DB::Connection,
        metrics: &Metrics,
    ) -> RecycleResult<Error> {
        if metrics.last_used() < self.limits.untested {
            return Ok(());
        }
        let used = metrics.recycled.unwrap_or(metrics.created);
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed().is_some_and(|failed| used < failed) {
            return Err(Error::PoolTimedOut.into());
        }
        let tested = timeout(self.limits.test, connection.ping()).await;
        let tested = tested.unwrap_or(Err(Error::PoolTimedOut));
        if tested.is_err() {
            *failed() = Some(SystemInstant::now());
        }
        Ok(tested?)
    }
}

impl<DB: Database> Held<DB> {
    /// Says that no answer is on its way, so that the connection can be used again.
    pub(crate) const fn finish(&mut self) {
        self.is_idle = true;
    }
}

impl<DB: Database> Deref for Held<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.lent {
            Lent::Shared(connection) => connection,
            Lent::Own(connection) => connection,
            Lent::Nothing => unreachable!("only while it is dropped"),
        }
    }
}

impl<DB: Database> DerefMut for Held<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.lent {
            Lent::Shared(connection) => connection,
            Lent::Own(connection) => connection,
            Lent::Nothing => unreachable!("only while it is dropped"),
        }
    }
}

impl<DB: Database> Drop for Held<DB> {
    fn drop(&mut self) {
        match mem::replace(&mut self.lent, Lent::Nothing) {
            Lent::Shared(mut connection) if !self.is_idle => connection.close_on_drop(),
            Lent::Own(connection) if !self.is_idle => drop(Object::take(connection)),
            Lent::Own(connection) => {
                let pool = Object::pool(&connection);
                drop(connection);
                if let Some(pool) = pool {
                    close_old(&pool);
                }
            }
            Lent::Shared(_) | Lent::Nothing => {}
        }
    }
}

/// Closes connections that are old, or that nobody has used for long.
fn close_old<DB: Database>(pool: &Pool<Opener<DB>>) {
    let limits = pool.manager().limits;
    let is_kept =
        |metrics: Metrics| metrics.last_used() < limits.idle && metrics.age() < limits.life;
    for connection in pool.retain(|_, metrics| is_kept(metrics)).removed {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(PROBE_LIMIT, connection.close()));
        }
    }
}

/// A connection that was used within a second is taken to work. The others are the values of sqlx's own pools.
const LIMITS: Limits = Limits {
    untested: Duration::from_secs(1),
    test: Duration::from_millis(500),
    idle: Duration::from_secs(10 * 60),
    life: Duration::from_secs(30 * 60),
};
/// The pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(200);
const PROBE_LIMIT: Duration = Duration::from_secs(1);

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use sqlx::Sqlite;

    use super::*;

    fn own(connections: u32, limits: Limits) -> Home<Sqlite> {
        let pool = pool("sqlite::memory:".parse().unwrap(), connections, limits);
        Home {
            source: Source::Own(pool),
            prepares: true,
        }
    }

    fn source(home: &Home<Sqlite>) -> &Pool<Opener<Sqlite>> {
        match &home.source {
            Source::Own(pool) => pool,
            Source::Shared(_) => panic!("a pool of sqlx"),
        }
    }

    fn open(home: &Home<Sqlite>) -> usize {
        source(home).status().size
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    /// Returns the number of statements that the connection has seen, this one included.
    async fn used(home: &Home<Sqlite>) -> i64 {
        let mut held = home.acquire(soon()).await.unwrap();
        sqlx::raw_sql("CREATE TEMP TABLE IF NOT EXISTS uses (n); INSERT INTO uses VALUES (1)")
            .execute(&mut *held)
            .await
            .unwrap();
        let uses = sqlx::query_scalar("SELECT count(*) FROM uses");
        let uses = uses.fetch_one(&mut *held).await.unwrap();
        held.finish();
        uses
    }

    #[tokio::test]
    async fn a_connection_is_reused_after_its_call_has_ended() {
        let home = own(2, LIMITS);
        assert_eq!((used(&home).await, used(&home).await), (1, 2));
        assert_eq!(open(&home), 1);
        drop(home.acquire(soon()).await.unwrap());
        assert_eq!(open(&home), 0, "in the middle of a call");
        assert_eq!(used(&home).await, 1);
    }

    #[tokio::test]
    async fn connections_are_limited() {
        let home = own(1, LIMITS);
        let held = home.acquire(soon()).await.unwrap();
        let now = Instant::now();
        assert!(matches!(home.acquire(now).await, Err(Error::PoolTimedOut)));
        drop(held);
        used(&home).await;
    }

    #[tokio::test]
    async fn old_and_unused_connections_are_closed() {
        for (idle, life, left) in [
            (LIMITS.idle, LIMITS.life, 1),
            (Duration::ZERO, LIMITS.life, 0),
            (LIMITS.idle, Duration::ZERO, 0),
        ] {
            let home = own(
                2,
                Limits {
                    idle,
                    life,
                    ..LIMITS
                },
            );
            used(&home).await;
            assert_eq!(open(&home), left);
        }
    }

    #[tokio::test]
    async fn a_connection_that_was_left_alone_is_tested() {
        let untested = Duration::ZERO;
        let home = own(2, Limits { untested, ..LIMITS });
        assert_eq!((used(&home).await, used(&home).await), (1, 2));
        // Once a test has failed, those that were idle for longer are not used.
        let (mut a, mut b) = (
            home.acquire(soon()).await.unwrap(),
            home.acquire(soon()).await.unwrap(),
        );
        a.finish();
        b.finish();
        drop((a, b));
        assert_eq!(open(&home), 2);
        *source(&home).manager().failed.lock().unwrap() = Some(SystemInstant::now());
        assert_eq!((used(&home).await, open(&home)), (1, 1));
    }

    #[tokio::test]
    async fn nothing_is_connected_once_it_is_closed() {
        let home = own(2, LIMITS);
        used(&home).await;
        let mut held = home.acquire(soon()).await.unwrap();
        home.close().await;
        held.finish();
        drop(held);
        assert_eq!(open(&home), 0);
        assert!(matches!(home.acquire(soon()).await, Err(Error::PoolClosed)));
    }
}
