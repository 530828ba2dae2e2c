//! The state behind a session's handle.

use std::task::Waker;
use std::time::Duration;

use super::life::{Duties, Life, Origin};
use crate::http::transport::Carrier;
use crate::merge::update::Updates;
use crate::merge::{Changes, LoadedFlash};
use crate::record::json::escape;
use crate::record::owner::{self, Ownership};
use crate::{Error, ErrorKind, Loaded, Record, SessionId, SessionManager, Timestamp, Values};

/// One request's session: where it stands, what it looks like now, and what changed.
pub(crate) struct State {
    pub(crate) life: Life,
    /// Whether the client sent a cookie with the session's name, whatever was in it.
    pub(crate) has_cookie: bool,
    /// Set by the commit: the response goes out, and what is written from then on is saved by hand or not at all.
    pub(crate) is_closed: bool,
    /// Whether the application saves what it writes after the commit.
    pub(crate) saves_by_hand: bool,
    /// Whether a save by hand of a new session failed: its answer may have been lost.
    pub(crate) may_be_stored: bool,
    /// Counts the verbs that write.
    pub(crate) revision: u64,
    /// While a save by hand, a reload or a commit is under way.
    pub(crate) busy: Option<Vec<Waker>>,
    pub(crate) data: Values,
    /// What the previous request flashed.
    pub(crate) flash: Values,
    /// Flash for this request only.
    pub(crate) flash_now: Values,
    /// What is to be saved, flash for the next request included. `None` as long as nothing is.
    pub(crate) changes: Option<Box<Changes>>,
    /// Whether this is none of the user's requests: it renews nothing and leaves flash to the next one.
    pub(crate) is_background: bool,
    /// The flash that is left.
    pub(crate) kept: Option<Box<LoadedFlash>>,
    /// Whether it goes on from a later record than it was opened with: the flash that it was opened with is not its to
    /// leave to the next request.
    pub(super) is_rebased: bool,
    /// Whether the response depends on the session.
    pub(crate) is_accessed: bool,
    /// How the request's token came, if that says how the next one goes back.
    pub(crate) carrier: Option<Carrier>,
    /// The session's own idle lifetime.
    pub(crate) remembered_for: Option<Duration>,
    /// `None` for a session in an application's test, which belongs to no manager.
    pub(crate) manager: Option<SessionManager>,
}

impl State {
    pub(crate) fn new(manager: Option<SessionManager>) -> Self {
        Self::of(Life::New { id: None }, manager)
    }

    fn of(life: Life, manager: Option<SessionManager>) -> Self {
        Self {
            life,
            has_cookie: false,
            is_closed: false,
            saves_by_hand: false,
            may_be_stored: false,
            revision: 0,
            busy: None,
            data: Values::new(),
            flash: Values::new(),
            flash_now: Values::new(),
            changes: None,
            is_background: false,
            kept: None,
            is_rebased: false,
            is_accessed: false,
            carrier: None,
            remembered_for: None,
            manager,
        }
    }

    /// The session of a store that did not answer.
    pub(crate) fn unavailable(manager: Option<SessionManager>) -> Self {
        Self::of(Life::Unavailable, manager)
    }

    /// The session of a request that found only where a session had been.
    pub(crate) fn moved(old: SessionId, manager: SessionManager) -> Self {
        Self::of(Life::Moved { old, id: None }, Some(manager))
    }

    pub(crate) fn loaded(
        loaded: Loaded,
        duties: Duties,
        ownership: Ownership,
        manager: Option<SessionManager>,
    ) -> Self {
        let has_flash = !loaded.record.flash_next.is_empty();
        let changes = has_flash.then(|| Box::new(Changes::since(&loaded)));
        let Loaded {
            record,
            version,
            is_outdated,
        } = loaded;
        let Duties {
            is_due,
            needs_cookie,
            handle,
        } = duties;
        let origin = Origin {
            id: record.id,
            version,
            expires_at: record.expires_at,
            created_at: record.created_at,
            ownership,
            is_due,
            needs_cookie,
            is_outdated,
            handle,
        };
        let life = Life::Loaded {
            origin,
            new_id: None,
        };
        Self {
            has_cookie: true,
            data: record.data,
            flash: record.flash_next,
            changes,
            remembered_for: record.remembered_for,
            ..Self::of(life, manager)
        }
    }

    /// Returns the log of what is to be saved, for a change.
    pub(crate) fn log(&mut self) -> &mut Changes {
        self.changes.get_or_insert_default()
    }

    /// Returns the flash for the next request.
    pub(crate) fn flash_next(&self) -> &Values {
        static NONE: Values = Values::new();
        self.changes
            .as_ref()
            .map_or(&NONE, |changes| changes.flash_next())
    }

    /// Fails if a write could not be saved.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if matches!(self.life, Life::Unavailable) {
            Err(Error::new(ErrorKind::Unavailable))
        } else if self.is_closed && !self.can_write_after_commit() {
            Err(Error::new(ErrorKind::Closed))
        } else {
            Ok(())
        }
    }

    /// Returns `true` if the application saves by hand, and no cookie is needed for it.
    fn can_write_after_commit(&self) -> bool {
        self.saves_by_hand && matches!(self.life, Life::Loaded { .. })
    }

    /// Fails if the session's id cannot change now.
    fn check_id_can_change(&self) -> Result<(), Error> {
        if self.busy.is_some() {
            return Err(Error::new(ErrorKind::Conflict)
                .with_source("another task is saving or reloading the session"));
        }
        Ok(())
    }

    pub(crate) fn put(&mut self, key: &str, raw: &str) -> Result<(), Error> {
        self.check_owner(key, raw)?;
        let key = &*escape(key);
        self.check_size(
            self.data.escaped().json_len_with(key, raw.len()),
            self.flash_next().json_len(),
        )?;
        self.data.escaped_mut().insert(key, raw);
        self.log().put_escaped(key, raw);
        Ok(())
    }

    /// Sets `key` to what `update` made of its value.
    pub(crate) fn update(
        &mut self,
        key: &str,
        raw: &str,
        update: Updates,
    ) -> Result<Option<Updates>, Error> {
        self.check_owner(key, raw)?;
        self.check_size(
            self.data.json_len_with(key, raw.len()),
            self.flash_next().json_len(),
        )?;
        self.data.insert_raw(key, raw);
        Ok(self.log().update(key, raw, update))
    }

    /// Removes `key` and returns `true` if it was there.
    pub(crate) fn forget(&mut self, key: &str) -> bool {
        let Some(seen) = self.data.get_raw(key) else {
            return false;
        };
        // Not `log`, because `seen` borrows the data.
        let changes = self.changes.get_or_insert_default();
        changes.forget_raw(key, Some(seen));
        self.data.remove(key)
    }

    pub(crate) fn flash(&mut self, key: &str, raw: &str) -> Result<(), Error> {
        self.check_size(
            self.data.json_len(),
            self.flash_next().json_len_with(key, raw.len()),
        )?;
        self.log().flash_raw(key, raw);
        Ok(())
    }

    pub(crate) fn reflash(&mut self, kept: &Values) -> Result<(), Error> {
        let mut flash_next = self.flash_next().clone();
        flash_next.extend(kept);
        self.check_size(self.data.json_len(), flash_next.json_len())?;
        self.log().extend_flash(kept);
        Ok(())
    }

    /// Gives the session its own idle lifetime, or the manager's again.
    pub(crate) fn remember(&mut self, lifetime: Option<Duration>) -> Result<(), Error> {
        let (data, flash_next) = (self.data.json_len(), self.flash_next().json_len());
        self.check_size_with(None, lifetime, data, flash_next)?;
        if self.remembered_for != lifetime || lifetime.is_some() {
            self.remembered_for = lifetime;
            self.log().remember(lifetime);
        }
        Ok(())
    }

    /// Fails if a value that cannot be an owner would be stored under the owner key.
    fn check_owner(&self, key: &str, raw: &str) -> Result<(), Error> {
        let options = self.manager.as_ref().map(|manager| &manager.0.options);
        match options.and_then(|options| options.owner_key.as_deref()) {
            Some(owner_key) if owner_key == key => owner::check(key, raw),
            _ => Ok(()),
        }
    }

    pub(crate) fn regenerate(&mut self) -> Result<(), Error> {
        self.check_id_can_change()?;
        if self.is_closed {
            // The client could not learn it any more.
            return Err(Error::new(ErrorKind::Closed));
        }
        let id = SessionId::random()?;
        // Ids that other software generated may be shorter.
        let (data, flash_next) = (self.data.json_len(), self.flash_next().json_len());
        self.check_size_with(Some(&id), self.remembered_for, data, flash_next)?;
        if let Life::Moved { .. } | Life::Gone { .. } = self.life {
            // From here on it is a session of its own. The client's cookie belongs to the other one: a logout of this one
            // must not remove it.
            self.has_cookie = false;
        }
        self.life.regenerate(id);
        Ok(())
    }

    /// Returns the session's id, and generates it first where it has none.
    pub(crate) fn id(&mut self) -> Result<SessionId, Error> {
        if let Some(id) = self.life.id() {
            return Ok(id.clone());
        }
        let id = SessionId::random()?;
        self.life.establish(id.clone());
        Ok(id)
    }

    /// Ends the session. What is written from now on belongs to a new one. Returns the old state, which must be dropped
    /// while the session is not locked.
    pub(crate) fn destroy(&mut self) -> Result<Self, Error> {
        self.check_id_can_change()?;
        let new = Self {
            has_cookie: self.has_cookie,
            is_closed: self.is_closed,
            saves_by_hand: self.saves_by_hand,
            is_accessed: true,
            is_background: self.is_background,
            revision: self.revision,
            busy: self.busy.take(),
            carrier: self.carrier,
            ..Self::new(self.manager.clone())
        };
        let mut old = std::mem::replace(self, new);
        self.life = std::mem::replace(&mut old.life, Life::New { id: None }).end();
        Ok(old)
    }

    /// Returns `true` if the commit will have something to store.
    pub(crate) fn is_modified(&self) -> bool {
        if self.is_closed && !self.saves_by_hand {
            return false;
        }
        match &self.life {
            Life::New { .. } | Life::Moved { .. } => self.is_established(),
            Life::Loaded { new_id, .. } => new_id.is_some() || self.has_changes(),
            Life::Gone { .. } => self.has_changes(),
            Life::Ended { old, .. } => old.is_some() || self.has_cookie || self.is_established(),
            Life::Unavailable => false,
        }
    }

    fn has_changes(&self) -> bool {
        self.changes
            .as_ref()
            .is_some_and(|changes| !changes.is_empty())
    }

    /// Returns `true` if a session that was never stored is worth storing.
    pub(crate) fn is_established(&self) -> bool {
        self.life.id().is_some()
            || self.remembered_for.is_some()
            || !self.data.is_empty()
            || !self.flash_next().is_empty()
    }

    /// Leaves the flash that it was opened with to the next request. After a reload, what is stored is left to it already.
    pub(crate) fn keep_flash(&mut self) {
        let changes = self.changes.as_mut();
        let flash = changes.and_then(|changes| changes.keep_flash());
        if flash.is_some() && !self.is_rebased {
            self.kept = flash.map(Box::new);
        }
    }

    /// Renews nothing, and leaves the flash that was loaded to the next request. Returns that flash.
    pub(crate) fn set_background(&mut self) -> Values {
        self.is_background = true;
        if let Life::Loaded { origin, .. } = &mut self.life {
            origin.is_due = false;
        }
        self.keep_flash();
        std::mem::take(&mut self.flash)
    }

    /// Returns what this request leaves to the next one.
    pub(crate) fn record(
        &self,
        id: SessionId,
        created_at: Option<Timestamp>,
        expires_at: Timestamp,
    ) -> Record {
        let mut record = Record {
            id,
            data: self.data.clone(),
            flash_next: self.flash_next().clone(),
            flash_from: Values::new(),
            expires_at: Some(expires_at),
            created_at,
            saved_at: None,
            owned_at: None,
            remembered_for: self.remembered_for,
            is_moved: false,
            owner: None,
            sealed: None,
        };
        if let Some(kept) = &self.kept {
            match &self.changes {
                Some(changes) => changes.keep(kept, &mut record),
                None => Changes::default().keep(kept, &mut record),
            }
        }
        record
    }
}
