//! A request in the model: what it loaded, what it did, and what its handler sees.

use std::collections::BTreeMap;

use session_core::ErrorKind;

use super::effect::Effect;
use super::record::{self, Flash, OWNER, Op, Record, Texts, viewed};
use super::settings::{Failure, Owners, Settings};
use super::size::{Extra, json_len};

/// A request whose session is open or committed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) settings: Settings,
    pub(crate) phase: Phase,
    pub(crate) origin: Option<Origin>,
    pub(crate) id: Id,
    /// The data that the handler sees.
    pub(crate) data: Texts,
    /// The flash of the previous request that the handler sees.
    pub(crate) flash: Texts,
    pub(crate) now: Texts,
    /// The data that it loaded, before it did `ops`.
    pub(crate) loaded: Texts,
    /// The stored flash that it consumes.
    pub(crate) consumes: BTreeMap<String, Flash>,
    /// What it did since it was opened, logged out or saved.
    pub(crate) ops: Vec<Op>,
    /// The handle of the session that it logged out of.
    pub(crate) ended: Option<String>,
    pub(crate) is_destroyed: bool,
    /// Whether the client sent a cookie, whatever was in it.
    pub(crate) has_cookie: bool,
    /// Whether it came with the id that a regenerate had replaced. Its writes are dropped.
    pub(crate) is_moved: bool,
    /// Whether a save or a reload found that the session has ended. Its writes are dropped.
    pub(crate) has_ended: bool,
    /// Whether it got a new id, and was not logged out afterwards.
    pub(crate) has_regenerated: bool,
    /// Whether it is none of the user's.
    pub(crate) is_background: bool,
    /// Whether it can be written after its commit, because it was saved by hand before.
    pub(crate) saves_by_hand: bool,
    /// What the cookie means that a save by hand left for the response.
    pub(crate) brings: Option<Effect>,
    /// Who the user was when a save by hand stored the session under a new id.
    pub(crate) user: Option<String>,
    /// The handle that a save by hand left behind.
    pub(crate) left: Option<String>,
    opened_at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Unavailable,
    Closed,
}

/// The stored session that a request continues.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) handle: String,
    pub(crate) record: Record,
    /// Whether the session was due for renewal when it was loaded.
    pub(crate) is_due: bool,
    /// Whether the client needs a cookie: a previous secret signed its own, or the session was saved by hand.
    pub(crate) needs_cookie: bool,
}

impl Origin {
    /// Returns `true` if the record that was loaded is due at the commit. Another request may have
    /// renewed the session meanwhile, and this one must not shorten its life.
    pub(crate) fn is_due_at(&self, now: u64, settings: &Settings) -> bool {
        let created = self.record.created_at.or(settings.begins(now));
        settings.is_due(now, self.record.expires_at, created)
    }
}

/// The id of a session. The model learns a new id only when the handler asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    None,
    Minted(Option<String>),
    Stored(String),
}

impl Request {
    pub(crate) fn fresh(settings: Settings, phase: Phase, now: u64) -> Self {
        Self {
            settings,
            phase,
            origin: None,
            id: Id::None,
            data: Texts::new(),
            flash: Texts::new(),
            now: Texts::new(),
            loaded: Texts::new(),
            consumes: BTreeMap::new(),
            ops: Vec::new(),
            ended: None,
            is_destroyed: false,
            has_cookie: false,
            is_moved: false,
            has_ended: false,
            has_regenerated: false,
            is_background: false,
            saves_by_hand: false,
            brings: None,
            user: None,
            left: None,
            opened_at: now,
        }
    }

    pub(crate) fn loaded(settings: Settings, origin: Origin, id: String, now: u64) -> Self {
        Self {
            data: origin.record.data.clone(),
            flash: origin.record.flash_texts(),
            loaded: origin.record.data.clone(),
            consumes: origin.record.flash.clone(),
            id: Id::Stored(id),
            origin: Some(origin),
            has_cookie: true,
            ..Self::fresh(settings, Phase::Open, now)
        }
    }

    /// Returns all flash that the handler can see.
    pub(crate) fn visible_flash(&self) -> Texts {
        let mut flash = self.flash.clone();
        flash.extend(self.now.clone());
        flash
    }

    /// Returns the flash that it leaves for the next request.
    pub(crate) fn next_flash(&self) -> Texts {
        self.seen().next_flash(&self.ops)
    }

    /// Returns what it saw of the stored session: its operations began there.
    pub(crate) fn seen(&self) -> Record {
        let mut seen = Record::new(self.loaded.clone(), Texts::new());
        seen.flash.clone_from(&self.consumes);
        seen
    }

    /// Returns the session's own lifetime.
    pub(crate) fn remembered(&self) -> Option<u64> {
        remembered(self.origin.as_ref(), &self.ops)
    }

    /// Returns the settings that hold for this session.
    pub(crate) fn rules(&self) -> Settings {
        self.settings.remembering(self.remembered())
    }

    /// Returns `true` if it gave the session a lifetime or took it back.
    pub(crate) fn sets_lifetime(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Remember(_)))
    }

    /// Returns `true` if what it stores says whose session it is, whatever was there before.
    pub(crate) fn sets_owner(&self) -> bool {
        let writes = self.ops.iter().rev().find(|op| match op {
            Op::Put(key, _) | Op::Forget(key) | Op::Update(key, _) => key == OWNER,
            Op::Flush => true,
            _ => false,
        });
        matches!(writes, Some(Op::Put(..) | Op::Update(..)))
    }

    pub(crate) fn is_regenerated(&self) -> bool {
        self.origin.is_some() && matches!(self.id, Id::Minted(_))
    }

    /// Returns `true` if there is something to log out of. Without a cookie there is nothing.
    pub(crate) const fn is_logout(&self) -> bool {
        self.ended.is_some() || self.is_destroyed && self.has_cookie && !self.is_moved
    }

    /// Returns `true` if a session without a record has something to store.
    pub(crate) fn is_established(&self) -> bool {
        self.id != Id::None
            || self.remembered().is_some()
            || !self.data.is_empty()
            || !self.next_flash().is_empty()
    }

    pub(crate) fn is_modified(&self) -> bool {
        match (self.phase, &self.origin) {
            (Phase::Unavailable, _) => false,
            (Phase::Closed, _) if !self.saves_by_hand => false,
            (_, None) => self.is_logout() || self.is_established(),
            (_, Some(_)) => {
                let does_write = self.ops.iter().any(|op| !matches!(op, Op::See(_)));
                does_write || !self.consumes.is_empty() || self.is_regenerated()
            }
        }
    }

    /// Applies an operation, unless the session can no longer be written or would become too large.
    ///
    /// # Errors
    ///
    /// Returns the error that the session's method must return.
    pub(crate) fn apply(&mut self, op: Op) -> Result<(), Failure> {
        self.check_writable()?;
        let writes = match &op {
            // What is kept is what the handler sees.
            Op::Reflash => flashes(self.flash.clone()),
            Op::Keep(names) => {
                let kept = self.flash.clone().into_iter();
                flashes(kept.filter(|(name, _)| names.contains(name)).collect())
            }
            Op::Put(key, text) if key == OWNER && self.settings.owners != Owners::Unknown => {
                let data = Texts::from([(key.clone(), text.clone())]);
                if text != "null" && record::owner(&data).is_none() {
                    return Err(Failure::Other(ErrorKind::Invalid));
                }
                vec![op]
            }
            _ => vec![op],
        };
        let may_grow = !matches!(writes.last(), Some(Op::Forget(_) | Op::Flush));
        let mut ops = self.ops.clone();
        ops.extend(writes);
        let data = viewed(&self.loaded, &ops).map_err(|_| Failure::Decode)?;
        if may_grow {
            let flash = self.seen().next_flash(&ops);
            let remembered = remembered(self.origin.as_ref(), &ops);
            self.check(&data, &flash, remembered)?;
        }
        self.ops = ops;
        self.data = data;
        Ok(())
    }

    /// Gives the session its own lifetime, or takes it back. If there is none, that is no write.
    pub(crate) fn remember(&mut self, lifetime: Option<u64>) -> Result<(), Failure> {
        self.check_writable()?;
        self.check(&self.data, &self.next_flash(), lifetime)?;
        if lifetime.is_some() || self.remembered().is_some() {
            self.ops.push(Op::Remember(lifetime));
        }
        Ok(())
    }

    /// Marks it as none of the user's.
    pub(crate) fn mark_background(&mut self) {
        self.is_background = true;
        self.flash.clear();
        self.consumes.clear();
        if let Some(origin) = &mut self.origin {
            origin.is_due = false;
        }
    }

    /// Removes a key. If there is none, that is no write.
    pub(crate) fn forget(&mut self, key: &str) -> Result<(), Failure> {
        self.check_writable()?;
        if self.data.contains_key(key) {
            self.apply(Op::Forget(key.to_owned()))?;
        }
        Ok(())
    }

    /// Removes all data. If there is none, that is no write.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.check_writable()?;
        if !self.data.is_empty() {
            self.apply(Op::Flush)?;
        }
        Ok(())
    }

    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Unavailable => Err(Failure::Unavailable),
            Phase::Closed if self.saves_by_hand && self.origin.is_some() && !self.has_ended => {
                Ok(())
            }
            Phase::Closed => Err(Failure::Closed),
        }
    }

    /// Ends the part in which the commit saves what it does. What it does later takes a save by hand.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Closed;
        self.saves_by_hand &= self.origin.is_some() && !self.is_regenerated() && !self.has_ended;
    }

    /// Forgets what the commit has carried out.
    pub(crate) fn is_committed(&mut self) {
        let remembered = self.remembered();
        if let Some(origin) = &mut self.origin {
            origin.record.remembered = remembered;
            // What it loaded of the flash is forgotten, too.
            origin.record.flash.clear();
            self.loaded.clone_from(&self.data);
            self.consumes.clear();
            self.ops.clear();
        }
    }

    pub(crate) fn regenerate(&mut self) -> Result<(), Failure> {
        self.check_writable()?;
        if self.phase == Phase::Closed {
            // The client could not learn the id any more.
            return Err(Failure::Closed);
        }
        self.check_size(&self.data, &self.next_flash())?;
        // The client's cookie belongs to the session that has moved or ended.
        let is_own = self.is_moved || self.has_ended;
        self.has_cookie &= !is_own;
        self.is_destroyed &= !is_own;
        self.is_moved = false;
        if std::mem::take(&mut self.has_ended) {
            self.origin = None;
        }
        self.id = Id::Minted(None);
        self.has_regenerated = true;
        Ok(())
    }

    /// Notes that a save or a reload found that it has ended, or moved: it reads as empty, and what it wrote is dropped.
    pub(crate) fn lose(&mut self, has_moved: bool) {
        if has_moved && self.origin.take().is_some() {
            self.id = Id::None;
            self.is_moved = true;
        }
        if let Some(origin) = &mut self.origin {
            origin.record.flash.clear();
            origin.record.remembered = None;
            self.id = Id::Stored(origin.handle.clone());
            self.has_ended = true;
        }
        self.has_regenerated = false;
        for texts in [&mut self.data, &mut self.flash, &mut self.loaded] {
            texts.clear();
        }
        self.consumes.clear();
        self.ops.clear();
    }

    pub(crate) fn destroy(&mut self) -> Result<(), Failure> {
        self.check_writable()?;
        let ended = self
            .origin
            .take()
            .map(|origin| origin.handle)
            .or(self.ended.take());
        *self = Self {
            ended,
            is_destroyed: true,
            has_cookie: self.has_cookie,
            is_moved: self.is_moved,
            is_background: self.is_background,
            saves_by_hand: self.saves_by_hand,
            left: self.left.clone(),
            ..Self::fresh(self.settings, self.phase, self.opened_at)
        };
        Ok(())
    }

    /// Returns how many bytes of text fit under `key`.
    pub(crate) fn room(&self, key: &str) -> usize {
        let mut data = self.data.clone();
        data.insert(key.to_owned(), "\"\"".to_owned());
        let taken = json_len(&data, &self.next_flash(), self.extra(self.remembered()));
        self.settings.limit.json().saturating_sub(taken)
    }

    /// Checks the size of the session's JSON, or of its cookie, against the limit.
    pub(crate) fn check_size(&self, data: &Texts, flash: &Texts) -> Result<(), Failure> {
        self.check(data, flash, self.remembered())
    }

    fn check(&self, data: &Texts, flash: &Texts, remembered: Option<u64>) -> Result<(), Failure> {
        let json = json_len(data, flash, self.extra(remembered));
        self.settings.limit.check(json)
    }

    /// Returns what its record includes besides data and flash.
    fn extra(&self, remembered: Option<u64>) -> Extra {
        let origin = self.origin.as_ref().filter(|_| !self.has_ended);
        let began = origin.and_then(|origin| origin.record.created_at);
        Extra {
            is_dated: began.or(self.settings.begins(self.opened_at)).is_some(),
            is_stamped: self.settings.is_stamped(),
            remembered,
        }
    }
}

fn remembered(origin: Option<&Origin>, ops: &[Op]) -> Option<u64> {
    let own = ops.iter().rev().find_map(|op| match op {
        Op::Remember(lifetime) => Some(*lifetime),
        _ => None,
    });
    own.unwrap_or_else(|| origin?.record.remembered)
}

fn flashes(texts: Texts) -> Vec<Op> {
    texts
        .into_iter()
        .map(|(name, value)| Op::Flash(name, value))
        .collect()
}
