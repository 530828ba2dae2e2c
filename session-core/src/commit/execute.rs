//! Executing a plan: what a commit does, in order.

use crate::commit::fate::Fate;
use crate::commit::manager::Inner;
use crate::commit::plan::{Mode, Plan, Write};
use crate::events::observer::Stopwatch;
use crate::{
    Error, ErrorKind, Event, EventKind, Expected, Immediate, Outcome, Saved, Session,
    SessionManager,
};

/// What became of a plan.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    /// The event that has not been emitted yet.
    pub(super) event: Option<EventKind>,
}

impl Done {
    fn of(write: &Write, outcome: Outcome) -> Self {
        let kind = match write.mode {
            Mode::Create { .. } => EventKind::Created,
            Mode::Update { .. } => EventKind::Saved,
            Mode::Regenerate { .. } => EventKind::Regenerated,
        };
        let event = match write.fate {
            Fate::Stored(_) | Fate::StoredBeside(_) => Some(kind),
            // That was an event of its own.
            Fate::Ended | Fate::Moved => None,
        };
        Self { outcome, event }
    }
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            event: None,
        }
    }
}

/// A commit under way. Nobody saves by hand meanwhile.
pub(crate) struct Committing(Session);

impl Committing {
    /// Returns `None` for a plan that does nothing: it never kept anybody from saving by hand, and somebody may have begun.
    pub(crate) fn of(session: &Session, plan: &Plan) -> Option<Self> {
        (!matches!(plan, Plan::Keep)).then(|| Self(session.clone()))
    }
}

impl Drop for Committing {
    fn drop(&mut self) {
        self.0.wake_waiting();
    }
}

impl SessionManager {
    pub(crate) async fn carry_out(&self, plan: &mut Plan) -> Result<Outcome, Error> {
        let watch = self.0.events.stopwatch();
        let done = self.0.execute(plan).await;
        let outcome = self.report(plan, done, watch);
        if let Plan::Write { write, .. } = plan
            && outcome.is_ok()
        {
            self.0.limit_sessions(write).await;
        }
        outcome
    }

    /// Carries out a plan with a driver that never waits. Returns `None` for a plan that may need more than one step.
    /// Then nothing has happened yet.
    pub(crate) fn carry_out_now(&self, plan: &mut Plan) -> Option<Result<Outcome, Error>> {
        let write = match plan {
            Plan::Keep => return Some(Ok(Outcome::Keep)),
            Plan::Write {
                removing: None,
                write,
            } => write,
            _ => return None,
        };
        let driver = self.0.driver().immediate()?;
        let watch = self.0.events.stopwatch();
        let done = self.0.write_now(driver, write)?;
        let done = done.map(|outcome| Done::of(write, outcome));
        Some(self.report(plan, done, watch))
    }

    fn report(
        &self,
        plan: &Plan,
        done: Result<Done, Error>,
        watch: Stopwatch,
    ) -> Result<Outcome, Error> {
        let event = match &done {
            Ok(Done { event, .. }) => event.map(Event::new),
            Err(error) => Some(Event::failed(EventKind::SaveFailed, error)),
        };
        if let Some(event) = event {
            let (id, owner) = plan.subject();
            let event = event.about(id, owner).remembering(plan.remembered_for());
            self.0.events.emit(event.after(watch));
        }
        done.map(|done| done.outcome)
    }
}

impl Inner {
    pub(super) async fn execute(&self, plan: &mut Plan) -> Result<Done, Error> {
        let done = match plan {
            Plan::Keep => Outcome::Keep.into(),
            Plan::Drop { id, owner } => self.dropped(id, owner.as_deref()).into(),
            Plan::Reissue {
                id,
                handle,
                ttl,
                is_remembered,
            } => {
                let handle = std::mem::take(handle);
                let outcome = self.reissue(id, handle, *ttl, *is_remembered).await?;
                outcome.into()
            }
            Plan::End { old, has_cookie } => {
                self.log_out(old.as_deref()).await?;
                match has_cookie {
                    true => Outcome::Clear.into(),
                    false => Outcome::Keep.into(),
                }
            }
            Plan::Fail { removing, error } => {
                self.log_out(Some(removing)).await?;
                return Err(std::mem::replace(error, Error::new(ErrorKind::Random)));
            }
            Plan::Write { removing, write } => {
                // The logout comes first, so that it is done whatever happens next.
                self.log_out(removing.as_deref()).await?;
                let outcome = self.write(write).await?;
                Done::of(write, outcome)
            }
            Plan::Touch {
                handle,
                write,
                is_outdated,
            } => {
                let handle = std::mem::take(handle);
                let outcome = self.touch(handle, write, *is_outdated).await?;
                let event = (outcome != Outcome::Keep).then_some(EventKind::Renewed);
                Done { outcome, event }
            }
        };
        Ok(done)
    }

    fn write_now(
        &self,
        driver: &dyn Immediate,
        write: &mut Write,
    ) -> Option<Result<Outcome, Error>> {
        // Ending the oldest session waits.
        if self.options.sessions_per_owner.is_some() {
            return None;
        }
        let record = &write.record;
        let (expected, known) = match &write.mode {
            // If its cookie cannot be signed, a stored record must be removed again.
            Mode::Create { .. } if !self.driver().can_revoke() => (Expected::Absent, None),
            // Another request may have renewed it.
            Mode::Update { renews: false, .. } if self.is_due(record, self.clock.now()) => {
                return None;
            }
            Mode::Update { version, known, .. } => (Expected::Version(version), known.as_deref()),
            Mode::Create { .. } | Mode::Regenerate { .. } => return None,
        };
        if let Err(error) = self.check_size(record) {
            return Some(Err(error));
        }
        let ttl = self.ttl(record);
        match driver.save_now(record, expected, ttl) {
            Ok(Saved::Done { handle, version }) => {
                write.fate = Fate::Stored(version);
                Some(self.answer(record, known, handle, ttl))
            }
            // Merging may take several turns.
            Ok(Saved::Conflict(_)) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::state::State;

    #[test]
    fn a_commit_that_does_nothing_does_not_end_a_save_by_hand() {
        let session = Session::new(State::new(None));
        session.lock().busy = Some(Vec::new());
        drop(Committing::of(&session, &Plan::Keep));
        assert!(session.lock().busy.is_some());
        let end = Plan::End {
            old: None,
            has_cookie: true,
        };
        drop(Committing::of(&session, &end));
        assert!(session.lock().busy.is_none());
    }
}
