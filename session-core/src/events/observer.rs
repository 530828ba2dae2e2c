//! Observing events in code: for metrics, or to act on a logout.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::{Event, EventKind, Refusal, log};
use crate::KeyRing;

/// Gets every event of a manager's sessions, for metrics or an audit trail.
///
/// Set one with [`Builder::observer`](crate::Builder::observer). A function or a closure is an observer. It runs in the
/// request's task, after the fact and without a lock, so it should return quickly: pass on slow work through a channel.
///
/// An observer cannot change what happens. If it panics, the panic is caught and logged, and the request goes on: a
/// mistake in a metric must not lose a login. With `panic = "abort"` the process ends all the same.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use session_core::{Event, EventKind, MemoryDriver, Secret, SessionManager};
///
/// let logouts = Arc::new(AtomicU64::new(0));
/// let counter = logouts.clone();
/// let manager = SessionManager::builder(MemoryDriver::new(), Secret::generate()?)
///     .observer(move |event: &Event<'_>| {
///         if event.kind() == EventKind::Destroyed {
///             counter.fetch_add(1, Ordering::Relaxed);
///         }
///     })
///     .build()?;
/// # pollster::block_on(async {
/// # let session = manager.open(None).await?;
/// # session.put("user_id", 42)?;
/// # let session_core::Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
/// # let session = manager.open(Some(token.as_str())).await?;
/// # session.destroy()?;
/// # manager.commit(&session).await?;
/// # Ok::<(), session_core::Error>(())
/// # })?;
/// # assert_eq!(logouts.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Where events go: the log, and the observer if there is one.
#[derive(Default)]
pub(crate) struct Events(Option<Box<dyn Observer>>);

impl Events {
    pub(crate) fn to(observer: impl Observer) -> Self {
        Self(Some(Box::new(observer)))
    }

    /// Emits an event. This is the only place from which one goes anywhere.
    // Inlined, because the kind is known where an event is emitted: what is left is one event of the log, or nothing.
    #[inline]
    pub(crate) fn emit(&self, event: Event<'_>) {
        log::write(&event);
        if let Some(observer) = &self.0 {
            notify(&**observer, &event);
        }
    }

    /// The token is forged, truncated, or signed with a key that is not in the ring.
    pub(crate) fn invalid(&self, token: &str) {
        let is_wanted = self.is_observed() || log::shows_warnings();
        let reason = is_wanted.then(|| KeyRing::problem(token));
        self.emit(Event::new(EventKind::Refused(Refusal::Invalid)).because(reason));
    }

    /// The session's name may be in a header although it has no cookie that can be read.
    pub(crate) fn unreadable(&self, header: &[u8], name: &str) {
        if (self.is_observed() || log::shows_debug())
            && let Some(reason) = crate::cookie::header::unreadable(header, name)
        {
            self.emit(Event::new(EventKind::Refused(Refusal::Unreadable)).because(Some(reason)));
        }
    }

    pub(crate) const fn is_observed(&self) -> bool {
        self.0.is_some()
    }

    /// Starts to measure a load or a save, if an observer wants to know.
    pub(crate) fn stopwatch(&self) -> Stopwatch {
        // The standard library has no clock there, and panics.
        let has_clock = !cfg!(all(target_family = "wasm", target_os = "unknown"));
        Stopwatch((has_clock && self.is_observed()).then(Instant::now))
    }
}

#[inline(never)]
fn notify(observer: &dyn Observer, event: &Event<'_>) {
    // What a panic leaves behind is the observer's own. None of our state is borrowed here.
    let observed = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
    if observed.is_err() {
        log::observer_panicked();
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("is_observed", &self.is_observed())
            .finish()
    }
}

/// Measures how long a load or a save takes.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(super) fn elapsed(self) -> Option<Duration> {
        self.0.map(|begin| begin.elapsed())
    }
}
