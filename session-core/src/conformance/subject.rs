//! The store under test.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::{Clock, Driver, SessionId, SystemClock};

/// A store under test, and ways for the kit to control it.
///
/// Every check consumes a subject of its own. Several subjects may share one store: the kit uses
/// random ids, and it never lists or counts what the store holds.
///
/// An [`Arc`] of a driver is a subject. All its connections are that one driver, it uses the
/// system's clock, and the kit polls its futures on the calling thread. If that does not fit,
/// implement this trait.
///
/// # Examples
///
/// A driver that takes a clock, so that nothing sleeps:
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use session_core::conformance::Subject;
/// use session_core::{Clock, ManualClock, MemoryDriver, Timestamp};
///
/// struct Memory {
///     driver: Arc<MemoryDriver>,
///     clock: ManualClock,
/// }
///
/// impl Memory {
///     fn new() -> Self {
///         let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
///         let driver = Arc::new(MemoryDriver::new().with_clock(clock.clone()));
///         Self { driver, clock }
///     }
/// }
///
/// impl Subject for Memory {
///     type Driver = Arc<MemoryDriver>;
///
///     fn driver(&self) -> Self::Driver {
///         self.driver.clone()
///     }
///
///     fn clock(&self) -> Arc<dyn Clock> {
///         Arc::new(self.clock.clone())
///     }
///
///     fn pass(&self, time: Duration) {
///         self.clock.advance(time);
///     }
/// }
///
/// session_core::conformance!(concurrent, Memory::new(), without plant, take_down);
/// # use session_core::conformance::{report, Level};
/// # let report = report(Level::Concurrent, Memory::new);
/// # assert_eq!(report.failures().count(), 0, "{report}");
/// ```
///
/// A driver that needs a runtime, with [`block_on`](Self::block_on):
///
/// ```
/// # mod tokio { pub mod runtime {
/// #     pub struct Runtime;
/// #     impl Runtime {
/// #         pub fn new() -> std::io::Result<Self> { Ok(Self) }
/// #         pub fn block_on<F: Future>(&self, future: F) -> F::Output { pollster::block_on(future)
/// }
/// #     }
/// # } }
/// # use session_core::MemoryDriver as StoreDriver;
/// # async fn connect(_: &str) -> StoreDriver { StoreDriver::new() }
/// use std::sync::LazyLock;
/// use session_core::conformance::Subject;
///
/// static RUNTIME: LazyLock<tokio::runtime::Runtime> =
///     LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());
///
/// struct Store;
///
/// impl Subject for Store {
///     type Driver = StoreDriver;
///
///     fn driver(&self) -> StoreDriver {
///         RUNTIME.block_on(connect("store://127.0.0.1"))
///     }
///
///     fn block_on<F: Future>(&self, future: F) -> F::Output {
///         RUNTIME.block_on(future)
///     }
/// }
///
/// session_core::conformance!(concurrent, Store, without plant, take_down);
/// ```
pub trait Subject: Send + Sync + 'static {
    /// The type of the driver.
    type Driver: Driver;

    /// Returns a driver for the store, with connections of its own if the store has connections. Do
    /// here what a service does when it starts, such as creating tables.
    ///
    /// A check calls this up to ten times, also from several threads at once and on a store that was
    /// never used, and never inside [`block_on`](Self::block_on).
    fn driver(&self) -> Self::Driver;

    /// Runs a future to completion. Several threads call this at once. Default: polls the future on
    /// the calling thread and parks the thread in between, which fits drivers without a runtime.
    fn block_on<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        park_on(future)
    }

    /// Returns the driver's clock. Default: [`SystemClock`].
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// Lets time pass, by advancing the clock or by waiting. Default: sleeps.
    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    /// Returns the resolution of the store's time: a record may expire this much earlier or later
    /// than its ttl says. Checks of the expiry wait for a few times this duration. Default: 50
    /// milliseconds. A store that counts seconds returns one second.
    fn grain(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// Returns how long each check of parallel operations looks for a race. A longer time finds
    /// rarer races. Default: 150 milliseconds.
    fn effort(&self) -> Duration {
        Duration::from_millis(150)
    }

    /// Returns how long a check may take before it fails. Default: 30 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Stores `text` in place of the record of `id`, behind the driver's back, as other software
    /// might. Returns `true` if it did. Default: does nothing, so these checks ask nothing.
    fn plant(&self, id: &SessionId, text: &str) -> bool {
        let _ = (id, text);
        false
    }

    /// Makes the store unavailable from now on, as if its server were gone. Returns `true` if it
    /// did. Default: does nothing, so these checks ask nothing.
    ///
    /// The check calls this once. Afterwards it calls every method of drivers that it already has,
    /// several times, also from several threads, and on the subject only [`block_on`](Self::block_on)
    /// and [`clock`](Self::clock). It asks for no further [`driver`](Self::driver), plants nothing,
    /// and lets no time pass. Then it drops the drivers and the subject, which must not depend on the
    /// store either.
    fn take_down(&self) -> bool {
        false
    }
}

/// A driver that the whole process shares.
impl<D: Driver + ?Sized> Subject for Arc<D> {
    type Driver = Self;

    fn driver(&self) -> Self {
        self.clone()
    }
}

/// Polls a future on this thread, which sleeps until it is woken.
fn park_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
