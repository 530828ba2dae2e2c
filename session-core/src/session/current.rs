//! The facade: the session of the running task.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::{Error, ErrorKind, Session};

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// # The session of the running task
///
/// Middleware runs a request's handler in the [`scope`](Self::scope) of its session, so code far from the handler can
/// reach the session without passing it along. A scope belongs to a future, not to a thread, and needs no runtime. A task
/// that the handler spawns does not inherit it, so give it one: `spawn(session.scope(work))`.
impl Session {
    /// Returns the session of the running task.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Missing`] outside of any scope: in a spawned task without [`scope`](Self::scope), on a route
    /// without the layer, or with lazy opening before the handler took the session.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::{Error, Session};
    ///
    /// fn user_id() -> Result<Option<u64>, Error> {
    ///     Session::current()?.get("user_id")
    /// }
    /// # pollster::block_on(async {
    /// # let secret = session_core::Secret::generate().unwrap();
    /// # let driver = session_core::MemoryDriver::new();
    /// # let manager = session_core::SessionManager::builder(driver, secret).build().unwrap();
    ///
    /// let session = manager.open(None).await?;
    /// session.put("user_id", 42)?;
    /// let found = session.scope(async { user_id() }).await?;
    /// assert_eq!(found, Some(42));
    /// assert!(user_id().is_err(), "there is no session outside of the scope");
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "facade")]
    pub fn current() -> Result<Self, Error> {
        Self::try_current().ok_or_else(|| Error::new(ErrorKind::Missing))
    }

    /// Returns the session of the running task, or `None` outside of any scope.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        let current = CURRENT.try_with(|current| current.borrow().clone()).ok()?;
        let session = current?.session()?;
        session.take();
        Some(session)
    }

    /// Makes this the current session while `future` runs. Scopes nest, and the innermost counts.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope::new(Current::Open(self.clone()), future)
    }

    /// Makes this the current session while `work` runs.
    pub fn scope_sync<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = Entered::new(Current::Open(self.clone()));
        work()
    }
}

pin_project_lite::pin_project! {
    /// A future that runs in the scope of a session and is dropped in it. Created by [`Session::scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Scope<F> {
        current: Current,
        // Until it is done.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let _entered = Entered::new(this.current.clone());
                this.future.set(None);
            }
        }
    }
}

impl<F> Scope<F> {
    pub(crate) const fn new(current: Current, future: F) -> Self {
        Self {
            current,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let _entered = Entered::new(this.current.clone());
        let result = future.poll(cx);
        if result.is_ready() {
            this.future.set(None);
        }
        result
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("session", &self.current.session())
            .finish_non_exhaustive()
    }
}

/// A scope's session, or the slot where it will be once the handler takes it.
#[derive(Clone)]
pub(crate) enum Current {
    Open(Session),
    Lazy(Arc<dyn Slot>),
}

/// A slot for a session that may not be open yet.
pub(crate) trait Slot: Send + Sync {
    fn session(&self) -> Option<Session>;
}

impl Current {
    fn session(&self) -> Option<Session> {
        match self {
            Self::Open(session) => Some(session.clone()),
            Self::Lazy(slot) => slot.session(),
        }
    }
}

/// Restores the outer session when dropped, even by a panic.
pub(crate) struct Entered {
    outer: Option<Current>,
}

impl Entered {
    pub(crate) fn new(current: Current) -> Self {
        // Fails only while the thread ends, when a scope may still be dropped.
        let outer = CURRENT.try_with(|scope| scope.replace(Some(current)));
        Self {
            outer: outer.ok().flatten(),
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let inner = CURRENT.try_with(|scope| scope.replace(self.outer.take()));
        drop(inner);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Waker;

    use super::*;
    use crate::session::state::State;

    fn session(name: &str) -> Session {
        let session = Session::new(State::new(None));
        session.put("name", name).unwrap();
        session
    }

    fn name() -> Option<String> {
        Session::try_current().map(|session| session.get("name").unwrap().unwrap())
    }

    #[test]
    fn scopes_nest_and_end() {
        assert_eq!(name(), None);
        session("outer").scope_sync(|| {
            assert_eq!(name().unwrap(), "outer");
            session("inner").scope_sync(|| assert_eq!(name().unwrap(), "inner"));
            assert_eq!(name().unwrap(), "outer");
        });
        assert_eq!(Session::current().unwrap_err().kind(), ErrorKind::Missing);
    }

    #[test]
    fn a_scope_follows_its_future_and_not_its_thread() {
        let yielded = || {
            let mut first = true;
            std::future::poll_fn(move |_| {
                if std::mem::take(&mut first) {
                    Poll::Pending
                } else {
                    Poll::Ready(name())
                }
            })
        };
        let mut a = pin!(session("a").scope(yielded()));
        let mut b = pin!(session("b").scope(yielded()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(a.as_mut().poll(&mut cx).is_pending());
        assert!(b.as_mut().poll(&mut cx).is_pending());
        assert_eq!(name(), None);
        assert_eq!(b.as_mut().poll(&mut cx), Poll::Ready(Some("b".to_owned())));
        assert_eq!(a.as_mut().poll(&mut cx), Poll::Ready(Some("a".to_owned())));
    }

    #[test]
    fn a_future_is_dropped_in_its_scope() {
        struct Dropped(std::rc::Rc<std::cell::RefCell<Vec<Option<String>>>>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.borrow_mut().push(name());
            }
        }
        impl Future for Dropped {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                Poll::Ready(())
            }
        }

        let seen = std::rc::Rc::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut done = pin!(session("done").scope(Dropped(std::rc::Rc::clone(&seen))));
        assert!(done.as_mut().poll(&mut cx).is_ready());
        assert_eq!(*seen.borrow(), [Some("done".to_owned())]);
        drop(session("cut").scope(Dropped(std::rc::Rc::clone(&seen))));
        assert_eq!(seen.borrow().last().unwrap().as_deref(), Some("cut"));
        assert_eq!((name(), seen.borrow().len()), (None, 2));
    }

    #[test]
    fn a_panic_leaves_the_scope() {
        let result = catch_unwind(AssertUnwindSafe(|| {
            session("a").scope_sync(|| panic!("boom"))
        }));
        assert!(result.is_err());
        assert_eq!(name(), None);
    }
}
