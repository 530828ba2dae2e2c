//! Where connections come from: the driver's own ones, or the application's pool.
//!
//! A pool of sqlx tests a connection after each use, with a round trip to the server. The driver's own connections are only
//! tested if nobody has used them for a while.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, Connection, Database, Error};
use tokio::sync::{Semaphore, SemaphorePermit};
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
    Own(Own<DB>),
}

/// Connections that only the driver uses.
struct Own<DB: Database> {
    options: Options<DB>,
    permits: Semaphore,
    /// The one that was used last is used next, so that the others can be closed.
    idle: Mutex<Vec<Idle<DB>>>,
}

struct Idle<DB: Database> {
    connection: DB::Connection,
    opened: Instant,
    since: Instant,
}

/// A connection that belongs to one call. It is closed rather than reused unless the call has ended: the answer would
/// still be on its way, and on a silent connection it never comes.
pub(crate) struct Held<'a, DB: Database> {
    lent: Lent<'a, DB>,
    /// `false` if arguments must be written into the statements.
    pub(crate) prepares: bool,
    is_idle: bool,
}

enum Lent<'a, DB: Database> {
    Shared(PoolConnection<DB>),
    Own {
        connection: DB::Connection,
        opened: Instant,
        home: &'a Own<DB>,
        _permit: SemaphorePermit<'a>,
    },
    Nothing,
}

impl<DB: Database> Home<DB> {
    pub(crate) const fn shared(pool: sqlx::Pool<DB>) -> Self {
        Self {
            source: Source::Shared(pool),
            prepares: true,
        }
    }

    /// Connects when a connection is needed.
    pub(crate) fn own(options: Options<DB>, connections: u32) -> Self {
        let permits = usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            source: Source::Own(Own {
                options,
                permits: Semaphore::new(permits.min(Semaphore::MAX_PERMITS)),
                idle: Mutex::default(),
            }),
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
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<Held<'_, DB>, Error> {
        let lent = match &self.source {
            Source::Shared(pool) => {
                let acquired = timeout_at(deadline, pool.acquire()).await;
                Lent::Shared(acquired.unwrap_or(Err(Error::PoolTimedOut))?)
            }
            Source::Own(own) => own.acquire(deadline).await?,
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
            Source::Own(own) => {
                own.permits.close();
                let idle = mem::take(&mut *own.idle());
                for idle in idle {
                    let _ = timeout(PROBE_LIMIT, idle.connection.close()).await;
                }
            }
        }
    }
}

impl<DB: Database> Own<DB> {
    async fn acquire(&self, deadline: Instant) -> Result<Lent<'_, DB>, Error> {
        let permit = timeout_at(deadline, self.permits.acquire()).await;
        let permit = permit
            .map_err(|_| Error::PoolTimedOut)?
            .map_err(|_| Error::PoolClosed)?;
        let (connection, opened) = match self.reuse(deadline).await {
            Some(reused) => reused,
            None => (self.open(deadline).await?, Instant::now()),
        };
        Ok(Lent::Own {
            connection,
            opened,
            home: self,
            _permit: permit,
        })
    }

    /// Returns the connection that was used last, if it still works.
    async fn reuse(&self, deadline: Instant) -> Option<(DB::Connection, Instant)> {
        let mut idle = self.idle().pop()?;
        let now = Instant::now();
        if now - idle.since >= UNTESTED {
            let limit = now + deadline.saturating_duration_since(now) / 2;
            let tested = timeout_at(limit, idle.connection.ping()).await;
            if !matches!(tested, Ok(Ok(()))) {
                // The others have been idle for even longer.
                drop(mem::take(&mut *self.idle()));
                return None;
            }
        }
        Some((idle.connection, idle.opened))
    }

    /// Connects. Keeps trying if the server is starting or full.
    async fn open(&self, deadline: Instant) -> Result<DB::Connection, Error> {
        let mut pause = FIRST_PAUSE;
        let mut last = Error::PoolTimedOut;
        while let Ok(opened) = timeout_at(deadline, self.options.connect()).await {
            match opened {
                Err(error) if is_passing(&error) => last = error,
                opened => return opened,
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

    fn give_back(&self, connection: DB::Connection, opened: Instant) {
        let now = Instant::now();
        if self.permits.is_closed() || now - opened > LONGEST_LIFE {
            return close_soon(connection);
        }
        let mut idle = self.idle();
        let unused = idle
            .first()
            .is_some_and(|first| now - first.since > LONGEST_IDLE)
            .then(|| idle.remove(0));
        idle.push(Idle {
            connection,
            opened,
            since: now,
        });
        drop(idle);
        if let Some(unused) = unused {
            close_soon(unused.connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<DB>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Held<'_, DB> {
    /// Says that no answer is on its way, so that the connection can be used again.
    pub(crate) const fn finish(&mut self) {
        self.is_idle = true;
    }
}

impl<DB: Database> Deref for Held<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.lent {
            Lent::Shared(connection) => connection,
            Lent::Own { connection, .. } => connection,
            Lent::Nothing => unreachable!("only while it is dropped"),
        }
    }
}

impl<DB: Database> DerefMut for Held<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.lent {
            Lent::Shared(connection) => connection,
            Lent::Own { connection, .. } => connection,
            Lent::Nothing => unreachable!("only while it is dropped"),
        }
    }
}

impl<DB: Database> Drop for Held<'_, DB> {
    fn drop(&mut self) {
        match mem::replace(&mut self.lent, Lent::Nothing) {
            Lent::Shared(mut connection) if !self.is_idle => connection.close_on_drop(),
            Lent::Own {
                connection,
                opened,
                home,
                _permit,
            } if self.is_idle => home.give_back(connection, opened),
            _ => {}
        }
    }
}

/// Tells the server, in the background.
fn close_soon<C: Connection + 'static>(connection: C) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(timeout(PROBE_LIMIT, connection.close()));
    }
}

/// A connection that was used within this time is taken to work.
const UNTESTED: Duration = Duration::from_secs(1);
/// The values of sqlx's own pools.
const LONGEST_IDLE: Duration = Duration::from_secs(10 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);
/// The pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(200);
const PROBE_LIMIT: Duration = Duration::from_secs(1);

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use sqlx::Sqlite;

    use super::*;

    fn own(connections: u32) -> Home<Sqlite> {
        Home::own("sqlite::memory:".parse().unwrap(), connections)
    }

    fn source(home: &Home<Sqlite>) -> &Own<Sqlite> {
        match &home.source {
            Source::Own(own) => own,
            Source::Shared(_) => panic!("a pool"),
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    async fn used(home: &Home<Sqlite>) {
        home.acquire(soon()).await.unwrap().finish();
    }

    #[tokio::test]
    async fn a_connection_is_reused_after_its_call_has_ended() {
        let home = own(2);
        used(&home).await;
        used(&home).await;
        assert_eq!(source(&home).idle().len(), 1);
        drop(home.acquire(soon()).await.unwrap());
        assert_eq!(source(&home).idle().len(), 0, "in the middle of a call");
    }

    #[tokio::test]
    async fn connections_are_limited() {
        let home = own(1);
        let held = home.acquire(soon()).await.unwrap();
        let now = Instant::now();
        assert!(matches!(home.acquire(now).await, Err(Error::PoolTimedOut)));
        drop(held);
        used(&home).await;
    }

    #[tokio::test]
    async fn old_and_unused_connections_are_closed() {
        let home = own(3);
        let own = source(&home);
        let now = Instant::now();
        own.give_back(own.open(soon()).await.unwrap(), now - LONGEST_LIFE * 2);
        assert_eq!(own.idle().len(), 0, "old");
        for _ in 0..2 {
            own.give_back(own.open(soon()).await.unwrap(), now);
        }
        own.idle()[0].since = now - LONGEST_IDLE * 2;
        own.give_back(own.open(soon()).await.unwrap(), now);
        assert_eq!(own.idle().len(), 2, "unused");
    }

    #[tokio::test]
    async fn a_connection_that_was_left_alone_is_tested() {
        let home = own(1);
        used(&home).await;
        source(&home).idle()[0].since = Instant::now() - UNTESTED * 2;
        used(&home).await;
        assert_eq!(source(&home).idle().len(), 1);
    }

    #[tokio::test]
    async fn nothing_is_connected_once_it_is_closed() {
        let home = own(2);
        used(&home).await;
        let mut held = home.acquire(soon()).await.unwrap();
        home.close().await;
        held.finish();
        drop(held);
        assert_eq!(source(&home).idle().len(), 0);
        assert!(matches!(home.acquire(soon()).await, Err(Error::PoolClosed)));
    }
}
