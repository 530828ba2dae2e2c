//! How a session goes on in the same request, after it was saved or loaded again.

use crate::merge::Changes;
use crate::session::life::{Life, Origin};
use crate::session::state::State;
use crate::{Error, Loaded, Record, Values};

impl State {
    /// Continues from what the store holds now, with the changes that are not saved yet.
    ///
    /// `merged` is what these changes make of it, or why they cannot be replayed.
    pub(crate) fn rebase(
        &mut self,
        loaded: &Loaded,
        origin: Origin,
        merged: Result<Record, Error>,
    ) -> Result<(), Error> {
        self.is_rebased = true;
        // The flash in it is for the next request.
        self.kept = Changes::since(loaded).keep_flash().map(Box::new);
        self.life = match std::mem::replace(&mut self.life, Life::Unavailable) {
            Life::Loaded { new_id, .. } => Life::Loaded { origin, new_id },
            _ => Life::Loaded {
                origin,
                new_id: None,
            },
        };
        let merged = merged?;
        self.data = merged.data;
        self.remembered_for = merged.remembered_for;
        Ok(())
    }

    /// Notes that the session has ended or moved: it reads as empty from now on. Returns what was to be saved, which must
    /// be dropped while the session is not locked.
    #[must_use]
    pub(crate) fn lose(&mut self, has_moved: bool) -> Option<Box<Changes>> {
        self.life.lose(has_moved);
        self.data = Values::new();
        self.flash = Values::new();
        self.kept = None;
        self.remembered_for = None;
        self.changes.take()
    }

    /// Forgets the new id of a save that was dropped. A new session that had ended already begins again.
    pub(crate) fn begin_again(&mut self) {
        self.forget_new_id();
        self.life.begin_again();
        self.may_be_stored = false;
    }

    /// Forgets the new id, because it is the id of the record now, or will never be.
    pub(crate) fn forget_new_id(&mut self) {
        if let Life::Loaded { new_id, .. } = &mut self.life {
            *new_id = None;
        }
    }
}
