//! Executing a plan: what a commit does, in order.

use crate::commit::manager::Inner;
use crate::commit::plan::{Mode, Plan};
use crate::{Error, ErrorKind, EventKind, Outcome};

/// What became of a plan.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    /// The event that has not been emitted yet.
    pub(super) event: Option<EventKind>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            event: None,
        }
    }
}

impl Inner {
    pub(super) async fn execute(&self, plan: &mut Plan) -> Result<Done, Error> {
        let done = match plan {
            Plan::Keep => Outcome::Keep.into(),
            Plan::Drop(id) => self.dropped(id, None).into(),
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
            Plan::End(old) => {
                self.log_out(old.as_deref()).await?;
                Outcome::Clear.into()
            }
            Plan::Fail { removing, error } => {
                self.log_out(Some(removing)).await?;
                return Err(std::mem::replace(error, Error::new(ErrorKind::Random)));
            }
            Plan::Write { removing, write } => {
                // The logout comes first, so that it is done whatever happens next.
                self.log_out(removing.as_deref()).await?;
                let outcome = self.write(write).await?;
                let kind = match write.mode {
                    Mode::Create => EventKind::Created,
                    Mode::Update { .. } => EventKind::Saved,
                    Mode::Regenerate { .. } => EventKind::Regenerated,
                };
                // Otherwise the session ended meanwhile, which is an event of its own.
                let event = write.stored.is_some().then_some(kind);
                Done { outcome, event }
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
}
