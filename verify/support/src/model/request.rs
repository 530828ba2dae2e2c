//! A request in the model: what it loaded, what it did, and what its handler sees.

use super::record::{Op, Record, Texts, changed};
use super::settings::{Failure, Settings};

/// A request whose session is open or committed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) settings: Settings,
    pub(crate) phase: Phase,
    pub(crate) origin: Option<Origin>,
    pub(crate) id: Id,
    /// The data that the handler sees.
    pub(crate) data: Texts,
    pub(crate) now: Texts,
    /// What it did since it was opened or logged out.
    pub(crate) ops: Vec<Op>,
    /// The handle of the session that it logged out of.
    pub(crate) ended: Option<String>,
    pub(crate) is_destroyed: bool,
    /// Whether the client sent a cookie, whatever was in it.
    pub(crate) has_cookie: bool,
    /// Whether it came with the id that a regenerate had replaced. Its writes are dropped.
    pub(crate) is_moved: bool,
    /// Whether it got a new id, and was not logged out afterwards.
    pub(crate) has_regenerated: bool,
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
    /// Whether a previous secret signed its cookie.
    pub(crate) is_old_key: bool,
}

impl Origin {
    /// Returns `true` if the record that was loaded is due at the commit. Another request may have
    /// renewed the session meanwhile, and this one must not shorten its life.
    pub(crate) fn is_due_at(&self, now: u64, settings: &Settings) -> bool {
        settings.is_due(now, self.record.expires_at, self.record.created_at)
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
            now: Texts::new(),
            ops: Vec::new(),
            ended: None,
            is_destroyed: false,
            has_cookie: false,
            is_moved: false,
            has_regenerated: false,
            opened_at: now,
        }
    }

    pub(crate) fn loaded(settings: Settings, origin: Origin, id: String, now: u64) -> Self {
        Self {
            data: origin.record.data.clone(),
            id: Id::Stored(id),
            origin: Some(origin),
            has_cookie: true,
            ..Self::fresh(settings, Phase::Open, now)
        }
    }

    /// Returns what the previous request flashed.
    pub(crate) fn shown(&self) -> Texts {
        let origin = self.origin.as_ref();
        origin
            .map(|origin| origin.record.flash_texts())
            .unwrap_or_default()
    }

    /// Returns all flash that the handler can see.
    pub(crate) fn visible_flash(&self) -> Texts {
        let mut flash = self.shown();
        flash.extend(self.now.clone());
        flash
    }

    pub(crate) fn next_flash(&self) -> Texts {
        self.seen().next_flash(&self.ops)
    }

    /// Returns the record that was loaded, or an empty one.
    pub(crate) fn seen(&self) -> Record {
        let origin = self.origin.as_ref();
        origin
            .map(|origin| origin.record.clone())
            .unwrap_or_default()
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
        self.id != Id::None || !self.data.is_empty() || !self.next_flash().is_empty()
    }

    pub(crate) fn is_modified(&self) -> bool {
        match (self.phase, &self.origin) {
            (Phase::Unavailable | Phase::Closed, _) => false,
            (Phase::Open, None) => self.is_logout() || self.is_established(),
            (Phase::Open, Some(origin)) => {
                let is_carried = self.next_flash().is_empty();
                let does_write = self
                    .ops
                    .iter()
                    .any(|op| !matches!(op, Op::Reflash | Op::Keep(_)));
                does_write
                    || !is_carried
                    || !origin.record.flash.is_empty()
                    || self.is_regenerated()
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
        let mut ops = self.ops.clone();
        ops.push(op);
        let seen = self.seen().data;
        let data = changed(&seen, &seen, &ops).map_err(|_| Failure::Decode)?;
        let may_grow = !matches!(ops.last(), Some(Op::Forget(_) | Op::Flush));
        if may_grow {
            self.check_size(&data, &self.seen().next_flash(&ops))?;
        }
        self.ops = ops;
        self.data = data;
        Ok(())
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
            Phase::Closed => Err(Failure::Closed),
        }
    }

    pub(crate) fn regenerate(&mut self) -> Result<(), Failure> {
        self.check_writable()?;
        self.check_size(&self.data, &self.next_flash())?;
        // The client's cookie belongs to the session that has moved.
        self.has_cookie &= !self.is_moved;
        self.is_moved = false;
        self.id = Id::Minted(None);
        self.has_regenerated = true;
        Ok(())
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
            ..Self::fresh(self.settings, Phase::Open, self.opened_at)
        };
        Ok(())
    }

    /// Returns how many bytes of text fit under `key`.
    pub(crate) fn room(&self, key: &str) -> usize {
        let mut data = self.data.clone();
        data.insert(key.to_owned(), "\"\"".to_owned());
        let taken = json_len(&data, &self.next_flash(), self.is_dated());
        self.settings.limit.json().saturating_sub(taken)
    }

    /// Checks the size of the session's JSON, or of its cookie, against the limit.
    pub(crate) fn check_size(&self, data: &Texts, flash: &Texts) -> Result<(), Failure> {
        let json = json_len(data, flash, self.is_dated());
        self.settings.limit.check(json)
    }

    /// Returns `true` if the record will include its creation time.
    fn is_dated(&self) -> bool {
        let origin = self.origin.as_ref();
        let began = origin.and_then(|origin| origin.record.created_at);
        began.or(self.settings.absolute).is_some()
    }
}

/// Returns the length of a record's JSON. Ids have 36 characters and times 13 digits.
pub(crate) fn json_len(data: &Texts, flash: &Texts, is_dated: bool) -> usize {
    let object = |texts: &Texts| {
        let members: usize = texts
            .iter()
            .map(|(key, value)| key.escape_default().count() + value.len() + 3)
            .sum();
        2 + members + texts.len().saturating_sub(1)
    };
    let frame = r#"{"id":"00000000-0000-4000-8000-000000000000","data":,"flash_next":,"exp":1700000000000}"#.len();
    let date = r#","iat":1700000000000"#.len();
    frame + object(data) + object(flash) + usize::from(is_dated) * date
}
