//! The commit at the end of a request, which completes even if its client goes away.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::exchange::Unfinished;
use super::fields::HeadersMut;
use crate::commit::execute::Committing;
use crate::{Error, Outcome, Session, SessionManager};

/// The commit of a request's session. Created by [`Exchange::begin_commit`](crate::Exchange::begin_commit).
#[must_use = "futures do nothing unless polled"]
pub struct Commit {
    manager: SessionManager,
    stage: Stage,
    has_response: bool,
    finish: fn(Unfinished),
}

enum Stage {
    /// The plan is not made yet, because another task may be saving the session by hand.
    Begun(Session),
    /// The plan is carried out.
    Running {
        session: Session,
        is_logout: bool,
        rest: Finishing,
    },
    /// There is nothing to do, or nothing left.
    Done,
}

impl Commit {
    pub(super) fn new(
        manager: SessionManager,
        session: Option<Session>,
        finish: fn(Unfinished),
    ) -> Self {
        Self {
            manager,
            stage: session.map_or(Stage::Done, Stage::Begun),
            has_response: true,
            finish,
        }
    }

    /// Commits as [`Exchange::commit_without_response`](crate::Exchange::commit_without_response) does.
    pub const fn without_response(mut self) -> Self {
        self.has_response = false;
        self
    }

    fn committed(
        &self,
        session: Session,
        is_logout: bool,
        result: Result<Outcome, Error>,
    ) -> Poll<Committed> {
        Poll::Ready(Committed(Some(Closed {
            manager: self.manager.clone(),
            session,
            is_logout,
            result,
        })))
    }
}

impl Future for Commit {
    type Output = Committed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Committed> {
        if let Stage::Begun(session) = &self.stage {
            let plan = ready!(self.manager.poll_plan(session, cx));
            let Stage::Begun(session) = std::mem::replace(&mut self.stage, Stage::Done) else {
                unreachable!("it was looked at above")
            };
            let mut plan = match plan {
                Ok(plan) => plan,
                Err(error) => return self.committed(session, false, Err(error)),
            };
            let committing = Committing::of(&session, &plan);
            if !self.has_response {
                plan = plan.without_cookie();
            }
            let is_logout = plan.is_logout();
            if let Some(result) = self.manager.carry_out_now(&mut plan) {
                drop(committing);
                return self.committed(session, is_logout, result);
            }
            let manager = self.manager.clone();
            let future = Box::pin(async move {
                let _committing = committing;
                manager.carry_out(&mut plan).await
            });
            let rest = Finishing {
                future: Some(future),
                finish: self.finish,
            };
            self.stage = Stage::Running {
                session,
                is_logout,
                rest,
            };
        }
        let Stage::Running { rest, .. } = &mut self.stage else {
            return Poll::Ready(Committed(None));
        };
        let result = ready!(rest.poll(cx));
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Running {
                session, is_logout, ..
            } => self.committed(session, is_logout, result),
            Stage::Begun(_) | Stage::Done => Poll::Ready(Committed(None)),
        }
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}

/// What a [`Commit`] came to, for the headers of the response.
#[must_use = "the client gets its cookie only if this is written"]
pub struct Committed(Option<Closed>);

struct Closed {
    manager: SessionManager,
    session: Session,
    is_logout: bool,
    result: Result<Outcome, Error>,
}

impl Committed {
    /// Writes the headers that [`SessionManager::commit_headers`] writes.
    ///
    /// # Errors
    ///
    /// The same as [`SessionManager::commit_headers`]. Answer with [`Error::status`] instead of the response.
    pub fn write(self, headers: &mut impl HeadersMut) -> Result<(), Error> {
        let Some(closed) = self.0 else { return Ok(()) };
        let Closed {
            manager,
            session,
            is_logout,
            result,
        } = closed;
        manager.write_headers(&session, result, is_logout, headers)
    }
}

impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committed").finish_non_exhaustive()
    }
}

type Carrying = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

/// What a commit does with the store. It is not let go of when dropped.
struct Finishing {
    future: Option<Carrying>,
    finish: fn(Unfinished),
}

impl Finishing {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Outcome, Error>> {
        // Taken out while it runs, so that one that panics is not run again.
        let Some(mut future) = self.future.take() else {
            return Poll::Pending;
        };
        let result = future.as_mut().poll(cx);
        if result.is_pending() {
            self.future = Some(future);
        }
        result
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            (self.finish)(Box::pin(async move {
                // What failed is in the log, and nobody is left to tell.
                let _ = future.await;
            }));
        }
    }
}
