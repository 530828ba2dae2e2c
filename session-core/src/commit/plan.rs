//! Deciding what a commit has to do, without doing it.

use std::time::Duration;

use crate::commit::lifetime::Lifetimes;
use crate::merge::Changes;
use crate::session::life::{Life, Origin};
use crate::session::state::State;
use crate::{Error, Establish, Record, SessionId, Timestamp, Version};

/// What a commit has to do. A plain value: [`SessionManager`](crate::SessionManager) carries it out.
pub(crate) enum Plan {
    /// Do nothing. The client keeps its cookie.
    Keep,
    /// Remove the cookie, and the record if there is one.
    End(Option<SessionId>),
    /// Store the session, after removing the record that was logged out of.
    Write {
        removing: Option<SessionId>,
        write: Box<Write>,
    },
    /// Extend the record's life.
    Touch { handle: String, write: Box<Write> },
    /// Give the client its cookie again, and store nothing.
    Reissue {
        id: SessionId,
        handle: String,
        ttl: Duration,
    },
}

/// A record to be stored, and how.
pub(crate) struct Write {
    pub(crate) record: Record,
    pub(crate) changes: Changes,
    pub(crate) mode: Mode,
}

/// Where a record is stored.
pub(crate) enum Mode {
    /// Under an id that the store does not hold.
    Create,
    /// Over the record that was loaded.
    Update(Version),
    /// Under a new id. Then the old record is removed.
    Regenerate { old: SessionId, version: Version },
}

impl State {
    /// Closes the session and decides what to do with it.
    pub(crate) fn plan(
        &mut self,
        now: Timestamp,
        lifetimes: &Lifetimes,
        establish: Establish,
    ) -> Result<Plan, Error> {
        if std::mem::replace(&mut self.is_closed, true) {
            return Ok(Plan::Keep);
        }
        match &self.life {
            Life::Unavailable => Ok(Plan::Keep),
            Life::New { .. } => {
                if establish == Establish::Always || self.is_established() {
                    self.plan_create(None, now, lifetimes)
                } else {
                    Ok(Plan::Keep)
                }
            }
            Life::Ended { old, .. } => {
                let old = old.clone();
                if self.is_established() {
                    self.plan_create(old, now, lifetimes)
                } else {
                    Ok(Plan::End(old))
                }
            }
            Life::Loaded { origin, new_id } => {
                let (origin, new_id) = (origin.clone(), new_id.clone());
                Ok(self.plan_loaded(origin, new_id, now, lifetimes))
            }
        }
    }

    fn plan_create(
        &mut self,
        removing: Option<SessionId>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Plan, Error> {
        let id = self.id()?;
        let write = self.write(id, None, Mode::Create, now, lifetimes);
        Ok(Plan::Write { removing, write })
    }

    fn plan_loaded(
        &mut self,
        origin: Origin,
        new_id: Option<SessionId>,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Plan {
        let Origin { id, version, .. } = origin;
        if let Some(new_id) = new_id {
            let mode = Mode::Regenerate { old: id, version };
            let write = self.write(new_id, origin.created_at, mode, now, lifetimes);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        // A record from before there was an absolute lifetime must learn when it began.
        let is_undated = lifetimes.absolute.is_some() && origin.created_at.is_none();
        if !self.changes.is_empty() || is_undated || origin.expires_at.is_none() {
            let write = self.write(id, origin.created_at, Mode::Update(version), now, lifetimes);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        let Some(handle) = origin.reissue else {
            return Plan::Keep;
        };
        if origin.is_due {
            let write = self.write(id, origin.created_at, Mode::Update(version), now, lifetimes);
            return Plan::Touch { handle, write };
        }
        Plan::Reissue {
            id,
            handle,
            ttl: origin.expires_at.unwrap_or_default().since(now),
        }
    }

    fn write(
        &mut self,
        id: SessionId,
        created_at: Option<Timestamp>,
        mode: Mode,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Box<Write> {
        let created_at = created_at.or_else(|| lifetimes.absolute.map(|_| now));
        let expires_at = lifetimes.expiry(now, created_at);
        // The session can still be read after the commit, but not changed.
        Box::new(Write {
            record: self.record(id, created_at, expires_at),
            changes: std::mem::take(&mut self.changes),
            mode,
        })
    }
}
