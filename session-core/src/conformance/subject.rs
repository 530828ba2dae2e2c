//! What is tested.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::{Clock, Driver, SessionId, SystemClock};

/// A store under test, and the ways into it.
///
/// Every check gets a subject of its own, and uses it up. The store behind it may be shared with other subjects: the kit uses random
/// ids and never lists or counts what a store holds.
///
/// A driver in an [`Arc`] is a subject already: all its "connections" are the one driver, time is the system's, and
/// futures run on a parked thread. Write an implementation where one of these does not fit.
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
/// session_core::conformance!(concurrent, Memory::new());
/// # use session_core::conformance::{report, Level};
/// # let report = report(Level::Concurrent, Memory::new);
/// # assert_eq!(report.failures().count(), 0, "{report}");
/// ```
///
/// A driver that needs a runtime overrides [`block_on`](Self::block_on):
///
/// ```
/// # mod tokio { pub mod runtime {
/// #     pub struct Runtime;
/// #     impl Runtime {
/// #         pub fn new() -> std::io::Result<Self> { Ok(Self) }
/// #         pub fn block_on<F: Future>(&self, future: F) -> F::Output { pollster::block_on(future) }
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
/// session_core::conformance!(concurrent, Store);
/// ```
pub trait Subject: Send + Sync + 'static {
    /// The driver.
    type Driver: Driver;

    /// Makes a driver for the store, with connections of its own where the store allows several. A check calls this up to
    /// ten times, and never inside [`block_on`](Self::block_on).
    fn driver(&self) -> Self::Driver;

    /// Runs a future to its end. Called from several threads at once. Default: polls it on the calling thread, which
    /// is parked meanwhile; right for drivers that need no runtime.
    fn block_on<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        park_on(future)
    }

    /// The clock that the drivers go by. Default: [`SystemClock`].
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// Lets time pass: moves the clock, or waits. Default: sleeps.
    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    /// How finely the store measures time: a record may end so much earlier or later than its `ttl` says. The checks
    /// of expiry wait for a few times this. Default: 50 milliseconds. A store that counts seconds says a second.
    fn grain(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// How long each check of parallel operations looks for a race. Default: 150 milliseconds. The longer, the rarer
    /// those that it finds.
    fn effort(&self) -> Duration {
        Duration::from_millis(150)
    }

    /// How long a check may take before it counts as hanging. Default: 30 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Writes `text` to where the record of `id` would be, past the driver, as other software might, and says whether
    /// it did. Default: it cannot.
    fn plant(&self, id: &SessionId, text: &str) -> bool {
        let _ = (id, text);
        false
    }

    /// Makes the store fail from now on, as when its server is gone, and says whether it did. The subject is not used
    /// for another check. Default: it cannot.
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
