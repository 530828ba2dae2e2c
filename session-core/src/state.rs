//! The state behind a session's handle, and the decision of what becomes of it.

use std::time::Duration;

use crate::json::escape;
use crate::merge::Changes;
use crate::options::{Establish, Options};
use crate::secret::KeyRing;
use crate::{
    Capacity, Error, ErrorKind, Loaded, Record, SessionId, Timestamp, Values, Version, members,
    record, set_cookie,
};

/// One request's session: what it looks like now, what it was, and what changed.
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// The stored record that this session continues. `None`: nothing is stored yet.
    pub(crate) origin: Option<Origin>,
    /// Minted when first needed.
    pub(crate) id: Option<SessionId>,
    pub(crate) data: Values,
    /// What the previous request flashed.
    pub(crate) shown: Values,
    /// Flash for this request only.
    pub(crate) now: Values,
    pub(crate) changes: Changes,
    /// Records that were logged out of, to be removed from the store.
    pub(crate) destroyed: Option<SessionId>,
    pub(crate) is_destroyed: bool,
    /// Whether the response depends on the session.
    pub(crate) accessed: bool,
    pub(crate) budget: Budget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// The store did not answer.
    Unavailable,
    /// Committed.
    Closed,
}

/// What was loaded, less what [`State`] keeps of it.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) id: SessionId,
    pub(crate) version: Version,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Option<Timestamp>,
    /// Whether the record was due for a new lifetime when it was loaded.
    pub(crate) is_due: bool,
    /// The handle, where the client must get its cookie again: an old key signed it, or it lives longer.
    pub(crate) reissue: Option<String>,
}

/// How large the session may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) capacity: Capacity,
    pub(crate) cookie_name: usize,
    pub(crate) expires_at: Timestamp,
    /// When the session began, if that is recorded.
    pub(crate) created_at: Option<Timestamp>,
    /// What a session that began with this request would record.
    pub(crate) begins_at: Option<Timestamp>,
}

/// What a commit has to do. A plain value: the manager carries it out.
pub(crate) enum Plan {
    /// Nothing, and the client keeps its cookie.
    Keep,
    /// Remove the cookie, and the record if there is one.
    End(Option<SessionId>),
    /// Store the session, after removing the record that was logged out of.
    Write {
        removing: Option<SessionId>,
        write: Box<Write>,
    },
    /// Extend the record.
    Touch { handle: String, write: Box<Write> },
    /// Only give the client its cookie again.
    Issue {
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

pub(crate) enum Mode {
    /// Under an id that the store does not hold.
    Create,
    /// Over what was loaded.
    Update(Version),
    /// Under a new id, after which the old record is removed.
    Regenerate { old: SessionId, version: Version },
}

impl State {
    pub(crate) fn fresh(budget: Budget) -> Self {
        Self {
            phase: Phase::Open,
            origin: None,
            id: None,
            data: Values::new(),
            shown: Values::new(),
            now: Values::new(),
            changes: Changes::default(),
            destroyed: None,
            is_destroyed: false,
            accessed: false,
            budget,
        }
    }

    pub(crate) fn unavailable(budget: Budget) -> Self {
        Self {
            phase: Phase::Unavailable,
            ..Self::fresh(budget)
        }
    }

    pub(crate) fn loaded(
        loaded: Loaded,
        is_due: bool,
        reissue: Option<String>,
        budget: Budget,
    ) -> Self {
        let changes = Changes::since(&loaded);
        let Loaded { record, version } = loaded;
        Self {
            origin: Some(Origin {
                id: record.id.clone(),
                version,
                expires_at: record.expires_at,
                created_at: record.created_at,
                is_due,
                reissue,
            }),
            id: Some(record.id),
            data: record.data,
            shown: record.flash,
            changes,
            ..Self::fresh(budget)
        }
    }

    /// Refuses a write that could not be saved.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Unavailable => Err(Error::new(ErrorKind::Unavailable)),
            Phase::Closed => Err(Error::new(ErrorKind::Closed)),
        }
    }

    pub(crate) fn put(&mut self, key: &str, raw: &str) -> Result<(), Error> {
        let key = &*escape(key);
        self.check_size(
            self.data.escaped().json_len_with(key, raw.len()),
            self.changes.next_flash().json_len(),
        )?;
        self.data.escaped_mut().insert(key, raw);
        self.changes.put_escaped(key, raw);
        Ok(())
    }

    pub(crate) fn flash(&mut self, key: &str, raw: &str) -> Result<(), Error> {
        self.check_size(
            self.data.json_len(),
            self.changes.next_flash().json_len_with(key, raw.len()),
        )?;
        self.changes.flash_raw(key, raw);
        Ok(())
    }

    pub(crate) fn reflash(&mut self, kept: &Values) -> Result<(), Error> {
        let mut flash = self.changes.next_flash().clone();
        flash.extend(kept);
        self.check_size(self.data.json_len(), flash.json_len())?;
        self.changes.extend_flash(kept);
        Ok(())
    }

    pub(crate) fn check_size(&self, data: usize, flash: usize) -> Result<(), Error> {
        // A minted id is as long as any other.
        let id = self
            .id
            .as_ref()
            .map_or("00000000-0000-4000-8000-000000000000", SessionId::as_str);
        self.budget.check(id, data, flash)
    }

    pub(crate) fn regenerate(&mut self) -> Result<(), Error> {
        let id = SessionId::random()?;
        // Ids that other software made may be shorter.
        self.budget.check(
            id.as_str(),
            self.data.json_len(),
            self.changes.next_flash().json_len(),
        )?;
        self.id = Some(id);
        Ok(())
    }

    pub(crate) fn id(&mut self) -> Result<SessionId, Error> {
        match &self.id {
            Some(id) => Ok(id.clone()),
            None => Ok(self.id.insert(SessionId::random()?).clone()),
        }
    }

    /// Ends the session that was loaded; what is written from here on belongs to a new one.
    /// Returns what is left, to be dropped where the session is not locked.
    pub(crate) fn destroy(&mut self) -> Self {
        let destroyed = self
            .origin
            .take()
            .map(|origin| origin.id)
            .or_else(|| self.destroyed.take());
        let new = Self {
            destroyed,
            is_destroyed: true,
            accessed: true,
            ..Self::fresh(Budget {
                created_at: self.budget.begins_at,
                ..self.budget
            })
        };
        std::mem::replace(self, new)
    }

    /// Whether this commit will have something to store.
    pub(crate) fn is_modified(&self) -> bool {
        match &self.origin {
            _ if self.phase != Phase::Open => false,
            None => self.is_destroyed || self.is_established(),
            Some(origin) => !self.changes.is_empty() || self.id.as_ref() != Some(&origin.id),
        }
    }

    /// Whether a session of which nothing is stored yet deserves to be.
    pub(crate) fn is_established(&self) -> bool {
        self.id.is_some() || !self.data.is_empty() || !self.changes.next_flash().is_empty()
    }

    /// Closes the session and says what is to be done with it.
    pub(crate) fn close(&mut self, now: Timestamp, options: &Options) -> Result<Plan, Error> {
        if self.phase != Phase::Open {
            return Ok(Plan::Keep);
        }
        self.phase = Phase::Closed;
        match self.origin.clone() {
            None => self.close_new(now, options),
            Some(origin) => Ok(self.close_loaded(origin, now, options)),
        }
    }

    fn close_new(&mut self, now: Timestamp, options: &Options) -> Result<Plan, Error> {
        let removing = self.destroyed.take();
        let always = options.establish == Establish::Always && !self.is_destroyed;
        if always || self.is_established() {
            let id = self.id()?;
            let write = self.write(id, None, Mode::Create, now, options);
            return Ok(Plan::Write { removing, write });
        }
        Ok(if self.is_destroyed {
            Plan::End(removing)
        } else {
            Plan::Keep
        })
    }

    fn close_loaded(&mut self, origin: Origin, now: Timestamp, options: &Options) -> Plan {
        let ends_at = origin.expires_at.unwrap_or_default();
        let id = self.id.clone().unwrap_or_else(|| origin.id.clone());
        // A record from before there was an absolute lifetime must learn when it began.
        let is_undated = options.absolute_lifetime.is_some() && origin.created_at.is_none();
        let is_regenerated = id != origin.id;
        if is_regenerated || !self.changes.is_empty() || is_undated || origin.expires_at.is_none() {
            let mode = if is_regenerated {
                Mode::Regenerate {
                    old: origin.id,
                    version: origin.version,
                }
            } else {
                Mode::Update(origin.version)
            };
            let write = self.write(id, origin.created_at, mode, now, options);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        let Some(handle) = origin.reissue else {
            return Plan::Keep;
        };
        if origin.is_due {
            let mode = Mode::Update(origin.version);
            return Plan::Touch {
                handle,
                write: self.write(id, origin.created_at, mode, now, options),
            };
        }
        Plan::Issue {
            id,
            handle,
            ttl: ends_at.since(now),
        }
    }

    fn write(
        &mut self,
        id: SessionId,
        created: Option<Timestamp>,
        mode: Mode,
        now: Timestamp,
        options: &Options,
    ) -> Box<Write> {
        let created_at = created.or_else(|| options.absolute_lifetime.map(|_| now));
        let expires_at = options.expiry(now, created_at);
        // Reading goes on after the commit; changing does not.
        Box::new(Write {
            record: self.record(id, created_at, expires_at),
            changes: std::mem::take(&mut self.changes),
            mode,
        })
    }

    /// What this request leaves to the next one.
    pub(crate) fn record(
        &self,
        id: SessionId,
        created_at: Option<Timestamp>,
        expires_at: Timestamp,
    ) -> Record {
        Record {
            id,
            data: self.data.clone(),
            flash: self.changes.next_flash().clone(),
            flash_from: Values::new(),
            expires_at: Some(expires_at),
            created_at,
        }
    }
}

impl Budget {
    /// Refuses a session whose parts would have these lengths, in bytes of JSON.
    pub(crate) fn check(&self, id: &str, data: usize, flash: usize) -> Result<(), Error> {
        let json = record::json_len(
            id,
            data,
            flash,
            [Some(self.expires_at), self.created_at]
                .into_iter()
                .flatten(),
        );
        let (size, limit) = match self.capacity {
            Capacity::Unlimited => (json, members::MAX_BYTES),
            Capacity::Json(limit) => (json, limit.min(members::MAX_BYTES)),
            Capacity::Cookie { handle_len } => (
                self.cookie_name + KeyRing::token_len(handle_len(json)),
                set_cookie::MAX_COOKIE_BYTES,
            ),
        };
        if size > limit {
            Err(Error::new(ErrorKind::TooLarge { size, limit }))
        } else {
            Ok(())
        }
    }
}
