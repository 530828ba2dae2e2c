//! Giving a session another id, so that neither a write nor the login is lost.

use std::time::Duration;

use super::commit::MAX_ATTEMPTS;
use crate::commit::fate::Fate;
use crate::commit::manager::Inner;
use crate::commit::plan::Left;
use crate::merge::Changes;
use crate::{
    Error, ErrorKind, Event, EventKind, Expected, Loaded, Outcome, Record, Saved, Version,
};

/// What became of the record under the old id.
enum Old {
    /// It says that the session has moved. `by_us` tells who moved it.
    Moved { by_us: bool },
    /// Another request changed it first.
    Changed(Box<Loaded>),
    /// It was logged out or has expired.
    Gone,
    /// The save failed, and nothing changed.
    AsBefore(Error),
}

impl Inner {
    /// Stores the record under its new id. Then replaces the old one, if nobody wrote it meanwhile, by a record that says
    /// that the session has moved. If somebody did, merges what was written and tries again. So no acknowledged write is
    /// lost, and at no moment is the session under neither id.
    pub(super) async fn regenerate(
        &self,
        record: &mut Record,
        changes: &Changes,
        old: &Left,
        version: &mut Version,
        fate: &mut Fate,
    ) -> Result<Outcome, Error> {
        let driver = self.driver();
        let begin = self.clock.now();
        for attempt in 0..MAX_ATTEMPTS {
            let outcome = self.create(record, fate).await?;
            if !driver.can_revoke() {
                return Ok(outcome);
            }
            match self.move_away(old, version).await? {
                // Another request moved it, and this one did not log in: a copy of that login would live on after the user
                // has ended all sessions.
                Old::Moved { by_us: false } if old.is_copied => {
                    *fate = Fate::Moved;
                    driver.destroy(record.id()).await?;
                    return Ok(self.dropped(&old.id, record.owner()));
                }
                // Also if another request moved it: this one logged in by itself, and its client may never have seen the
                // other answer. That is what a second click on "log in" looks like.
                Old::Moved { by_us } => {
                    if !by_us {
                        fate.put_beside();
                    }
                    return Ok(outcome);
                }
                Old::Changed(current) => {
                    let conflict = Event::of(EventKind::Conflict, &old.id, record.owner());
                    self.events.emit(conflict);
                    driver.destroy(record.id()).await?;
                    *record = self.merge(record, changes, &current, true)?;
                    *version = current.version;
                    self.give_way(begin, attempt).await?;
                }
                // The session must not live on under another id.
                Old::Gone => {
                    *fate = Fate::Ended;
                    driver.destroy(record.id()).await?;
                    return Ok(self.dropped(&old.id, record.owner()));
                }
                Old::AsBefore(error) => {
                    // The new record was shown to nobody, and expires if it cannot be removed.
                    let _ = driver.destroy(record.id()).await;
                    return Err(error);
                }
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }

    /// Stores over the old record that the session has moved, if the record is still the version that was seen.
    async fn move_away(&self, old: &Left, version: &Version) -> Result<Old, Error> {
        let driver = self.driver();
        let grace = self.options.grace;
        // Without a grace period the record is removed next. It is stored all the same, because only a save compares.
        let ttl = grace.max(MIN_GRACE);
        let moved = Record::moved(old.id.clone(), self.clock.now() + ttl);
        let held = match driver.save(&moved, Expected::Version(version), ttl).await {
            Ok(Saved::Done { .. }) => None,
            Ok(Saved::Conflict(None)) => return Ok(Old::Gone),
            Ok(Saved::Conflict(Some(held))) => Some(held),
            // The answer may have been lost after the record was stored, so look once. If that fails too, the store is
            // down: a client that waits longer gains nothing, and the new record expires.
            Err(error) => match driver.load(&old.handle).await {
                Ok(Some(held)) if held.record.is_moved() => None,
                Ok(_) => return Ok(Old::AsBefore(error)),
                Err(_) => return Err(error),
            },
        };
        match held {
            Some(held) if held.record.is_moved() => return Ok(Old::Moved { by_us: false }),
            Some(held) if self.is_live(&held.record) => return Ok(Old::Changed(held)),
            Some(_) => return Ok(Old::Gone),
            None => {}
        }
        if grace.is_zero() {
            // If this fails, the record still holds nothing, and ends soon.
            let _ = driver.destroy(&old.id).await;
        }
        Ok(Old::Moved { by_us: true })
    }
}

/// For how long a record says that its session has moved, at least.
const MIN_GRACE: Duration = Duration::from_secs(1);
