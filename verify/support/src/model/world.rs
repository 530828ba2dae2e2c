//! The store in the model, and how a commit changes it.

use std::collections::BTreeMap;

use session_core::{ErrorKind, Establish, Renewal};

use super::Storage;
use super::failing::Failed;
use super::record::{Record, Texts};
use super::request::{Id, Origin, Phase, Request, json_len};
use super::settings::Failure;
use crate::Call;

/// The store. If records live in cookies, every handle is a record that never changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) storage: Storage,
    /// Whether the driver supports `touch`.
    pub(crate) touches: bool,
    pub(crate) records: BTreeMap<String, Stored>,
    /// All handles in order of their creation, including those of ended sessions.
    pub(crate) handles: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) record: Record,
    /// Whether it only says that its session goes on under another id.
    pub(crate) is_moved: bool,
}

/// What a commit must do, decided when the session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Keep,
    /// Drop what was written: the session has moved.
    Drop,
    /// Store a new session.
    Begin,
    /// Remove a session after a logout.
    End,
    Write,
    Regenerate,
    Renew,
    Reissue,
}

/// The result that a commit must have.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The client keeps its cookie. What was written is dropped, if anything was.
    Keep,
    /// The session is saved, and the client keeps its cookie.
    Saved,
    Clear,
    /// Sets the cookie with this handle for this many milliseconds.
    Again(String, u64),
    /// Sets a cookie with a new handle for this record.
    New(Record),
    Error(Failure),
}

impl Reply {
    /// Returns `true` if the session reached its absolute end during the request.
    pub(crate) fn ends_at_once(&self, now: u64) -> bool {
        match self {
            Self::Again(_, left) => *left == 0,
            Self::New(record) => record.expires_at <= now,
            Self::Keep | Self::Saved | Self::Clear | Self::Error(_) => false,
        }
    }
}

impl World {
    pub(crate) fn new(storage: Storage, touches: bool) -> Self {
        Self {
            storage,
            touches,
            records: BTreeMap::new(),
            handles: Vec::new(),
        }
    }

    /// Returns the record if it is live.
    pub(crate) fn live(&self, handle: &str, now: u64) -> Option<&Stored> {
        let stored = self.records.get(handle)?;
        (now < stored.record.expires_at).then_some(stored)
    }

    /// Inserts a record under a new handle.
    pub(crate) fn insert(&mut self, handle: String, id: String, record: Record) {
        self.handles.push(handle.clone());
        let stored = Stored {
            id,
            record,
            is_moved: false,
        };
        let old = self.records.insert(handle, stored);
        let is_new = old.is_none() || self.storage == Storage::Client;
        assert!(is_new, "an id was issued twice");
    }

    pub(crate) fn remove(&mut self, handle: &str) {
        if self.storage == Storage::Server {
            self.records.remove(handle);
        }
    }

    /// Closes a session for writing and decides what its commit must do.
    pub(crate) fn close(request: &mut Request) -> Decision {
        let decision = Self::decide(request);
        if request.phase == Phase::Open {
            request.phase = Phase::Closed;
        }
        if decision == Decision::Begin && request.id == Id::None {
            request.id = Id::Minted(None);
        }
        decision
    }

    fn decide(request: &Request) -> Decision {
        let settings = &request.settings;
        match (&request.origin, request.phase) {
            (_, Phase::Unavailable | Phase::Closed) => Decision::Keep,
            (None, Phase::Open) if request.is_moved => {
                if request.is_established() {
                    Decision::Drop
                } else {
                    Decision::Keep
                }
            }
            (None, Phase::Open) => {
                let always = settings.establish == Establish::Always && !request.is_destroyed;
                if always || request.is_established() {
                    Decision::Begin
                } else if request.is_logout() {
                    Decision::End
                } else {
                    Decision::Keep
                }
            }
            (Some(origin), Phase::Open) => {
                let is_undated = settings.absolute.is_some() && origin.record.created_at.is_none();
                if request.is_regenerated() {
                    Decision::Regenerate
                } else if request.is_modified() || is_undated {
                    Decision::Write
                } else if origin.is_due {
                    Decision::Renew
                } else if origin.is_old_key {
                    Decision::Reissue
                } else {
                    Decision::Keep
                }
            }
        }
    }

    /// Carries out a decision at `now`, given what failed.
    pub(crate) fn carry_out(
        &mut self,
        decision: Decision,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
    ) -> Reply {
        let unavailable = Reply::Error(Failure::Unavailable);
        match (decision, &request.origin) {
            (Decision::Begin | Decision::End, _) => {
                let has_moved = request.ended.as_ref().is_some_and(|ended| {
                    self.live(ended, now).is_some_and(|stored| stored.is_moved)
                });
                if failed.is_some_and(|failed| failed.call == Call::Load) {
                    return unavailable;
                }
                if has_moved {
                    // The session lives on under an id that this request must not learn.
                    return Reply::Error(Failure::Other(ErrorKind::Conflict));
                }
                if let Some(ended) = &request.ended
                    && failed
                        .is_none_or(|failed| failed.call != Call::Destroy || failed.took_effect)
                {
                    self.remove(ended);
                }
                // If the record was stored and the answer lost, no client has its cookie.
                if failed.is_some() {
                    unavailable
                } else if decision == Decision::End {
                    Reply::Clear
                } else {
                    let mut record = Record::new(request.data.clone(), request.next_flash());
                    record.created_at = request.settings.absolute.map(|_| now);
                    record.expires_at = request.settings.expiry(now, record.created_at);
                    Reply::New(record)
                }
            }
            (Decision::Write | Decision::Regenerate, Some(origin)) => self.write(
                origin,
                request,
                now,
                failed,
                decision == Decision::Regenerate,
            ),
            (Decision::Renew, Some(origin)) => self.renew(origin, request, now, failed),
            (Decision::Reissue, Some(origin)) => {
                if failed.is_some() {
                    return unavailable;
                }
                let is_gone = self
                    .live(&origin.handle, now)
                    .is_none_or(|stored| stored.is_moved);
                if is_gone && self.storage == Storage::Server {
                    return Reply::Keep;
                }
                let left = origin.record.expires_at.saturating_sub(now);
                Reply::Again(origin.handle.clone(), left)
            }
            _ => Reply::Keep,
        }
    }

    fn write(
        &mut self,
        origin: &Origin,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
        is_regenerated: bool,
    ) -> Reply {
        let unavailable = Reply::Error(Failure::Unavailable);
        // A record from before the absolute lifetime was set may have no room for its creation
        // time. It is not renewed without it.
        if let Err(kind) = request.check_size(&request.data, &request.next_flash()) {
            return Reply::Error(kind);
        }
        let settings = &request.settings;
        let current = match self.storage {
            // The client holds the only copy, so there is nothing to merge with.
            Storage::Client => origin.record.clone(),
            Storage::Server => match self.live(&origin.handle, now) {
                // A second login, while the first one's answer is on its way: it gets a session of its own.
                Some(stored) if stored.is_moved && is_regenerated => {
                    let call = failed.map(|failed| failed.call);
                    if call == Some(Call::Save) {
                        return unavailable;
                    }
                    if call == Some(Call::Move) && settings.grace == 0 {
                        // Without an answer it cannot tell that another login moved the record.
                        self.remove(&origin.handle);
                    }
                    return Reply::New(self.own(origin, request, now));
                }
                Some(stored) if !stored.is_moved => stored.record.clone(),
                _ if failed.is_some() => return unavailable,
                // The session has ended or moved, and a late write must not bring it back.
                _ => return Reply::Keep,
            },
        };
        let is_conflict = current.saves != origin.record.saves;
        let is_over = settings
            .end(current.created_at)
            .is_some_and(|end| end <= now);
        if is_over && is_conflict {
            // Under this release's absolute lifetime, the stored session has ended.
            return if failed.is_some() {
                unavailable
            } else {
                Reply::Keep
            };
        }
        let renews = is_regenerated
            || self.storage == Storage::Client
            || settings.renewal != Renewal::OnUse
            || origin.is_due
            || origin.is_due_at(now, settings);
        let merged = match self.merged(origin, request, &current, now, renews) {
            Ok(merged) => merged,
            Err(_) if failed.is_some() => return unavailable,
            Err(kind) => return Reply::Error(kind),
        };
        let is_same_handle = self.storage == Storage::Server && !is_regenerated;
        if let Some(failed) = failed {
            let stands = match failed.call {
                Call::Save if failed.took_effect && is_same_handle => {
                    self.replace(&origin.handle, merged.clone());
                    false
                }
                // One look at the store tells that the answer was lost after the record had moved.
                Call::Move => failed.took_effect,
                // The last step, without a grace period: the record that has moved stays for a while.
                Call::Destroy => is_regenerated && settings.grace == 0 && !is_conflict,
                _ => false,
            };
            if !stands {
                return unavailable;
            }
        }
        if is_same_handle {
            let left = merged.expires_at.saturating_sub(now);
            self.replace(&origin.handle, merged);
            if renews || origin.is_old_key {
                return Reply::Again(origin.handle.clone(), left);
            }
            return Reply::Saved;
        }
        let is_removed = settings.grace == 0
            && failed.is_none_or(|failed| failed.call != Call::Destroy || failed.took_effect);
        self.move_away(&origin.handle, now + settings.grace.max(1_000), is_removed);
        Reply::New(merged)
    }

    /// Returns the record of a session that goes its own way.
    fn own(&self, origin: &Origin, request: &Request, now: u64) -> Record {
        let settings = &request.settings;
        let mut record = Record::new(request.data.clone(), request.next_flash());
        let began = origin.record.created_at;
        record.created_at = began.or(settings.absolute.map(|_| now));
        record.expires_at = settings.expiry(now, record.created_at);
        record
    }

    /// Replaces the record by one that says that the session has moved, or removes it.
    fn move_away(&mut self, handle: &str, expires_at: u64, is_removed: bool) {
        if is_removed || self.storage == Storage::Client {
            self.remove(handle);
        } else if let Some(stored) = self.records.get_mut(handle) {
            stored.is_moved = true;
            stored.record.move_away(expires_at);
        }
    }

    /// Applies the request's operations to what is stored now.
    fn merged(
        &self,
        origin: &Origin,
        request: &Request,
        current: &Record,
        now: u64,
        renews: bool,
    ) -> Result<Record, Failure> {
        let settings = &request.settings;
        let mut merged = current.clone();
        merged
            .commit(&origin.record, &request.ops)
            .map_err(|_| Failure::Decode)?;
        let began = current.created_at.or(origin.record.created_at);
        merged.created_at = began.or(settings.absolute.map(|_| now));
        merged.expires_at = if renews {
            settings.expiry(now, merged.created_at)
        } else if current.saves == origin.record.saves {
            origin.record.expires_at
        } else {
            current.expires_at
        };
        if current.saves != origin.record.saves {
            let own = request.next_flash();
            let carried = merged.flash_texts();
            let carried: Vec<&String> = carried
                .keys()
                .filter(|name| !own.contains_key(*name))
                .collect();
            settings.limit.check(measure(&merged, &carried))?;
        }
        Ok(merged)
    }

    fn renew(
        &mut self,
        origin: &Origin,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
    ) -> Reply {
        let is_changed = self
            .live(&origin.handle, now)
            .is_some_and(|stored| stored.record.saves != origin.record.saves);
        if !self.touches || self.storage == Storage::Client || is_changed {
            if failed.is_some_and(|failed| failed.call == Call::Touch) {
                return Reply::Error(Failure::Unavailable);
            }
            return self.write(origin, request, now, failed, false);
        }
        let expires_at = request.settings.expiry(now, origin.record.created_at);
        let is_live = self.live(&origin.handle, now).is_some();
        let is_touched = is_live && failed.is_none_or(|failed| failed.took_effect);
        if let Some(stored) = self.records.get_mut(&origin.handle)
            && is_touched
        {
            stored.record.expires_at = expires_at;
        }
        match (failed, is_live) {
            (Some(_), _) => Reply::Error(Failure::Unavailable),
            (None, false) => Reply::Keep,
            (None, true) => Reply::Again(origin.handle.clone(), expires_at.saturating_sub(now)),
        }
    }

    fn replace(&mut self, handle: &str, record: Record) {
        if let Some(stored) = self.records.get_mut(handle) {
            stored.record = record;
        }
    }
}

/// Returns the length of a merged record's JSON, which includes a 12-character tag for every flash
/// entry that it carries along.
fn measure(record: &Record, carried: &[&String]) -> usize {
    let json = json_len(
        &record.data,
        &record.flash_texts(),
        record.created_at.is_some(),
    );
    if carried.is_empty() {
        return json;
    }
    let from: Texts = carried
        .iter()
        .map(|name| ((*name).clone(), "\"123456789012\"".to_owned()))
        .collect();
    let nothing = json_len(&Texts::new(), &Texts::new(), false);
    let object = json_len(&from, &Texts::new(), false) - nothing + 2;
    json + ",\"flash_from\":".len() + object
}
