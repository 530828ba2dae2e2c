//! What is stored, and what a request finds and leaves there: the behaviour table, executable.

use std::collections::BTreeMap;

use session_core::{ErrorKind, Establish};

use super::Keeps;
use super::fault::{Call, Failed};
use super::record::{Record, Texts};
use super::request::{Id, Origin, Phase, Request, json_len};

/// The store. Where the client keeps the record, each handle is a record that nobody can change.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) keeps: Keeps,
    /// Whether the store can extend a record's life without saving it.
    pub(crate) touches: bool,
    pub(crate) records: BTreeMap<String, Stored>,
    /// Handles in the order in which they came, those of the dead too.
    pub(crate) handles: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) record: Record,
}

/// What is to become of a session, decided when it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Keep,
    /// It is new, or the old one was logged out of: something is left to store, or nothing.
    Begin,
    End,
    Write,
    Regenerate,
    Renew,
    Reissue,
}

/// What a commit is to answer.
#[derive(Debug)]
pub(crate) enum Answer {
    Keep,
    Clear,
    /// The cookie with this handle, for so many milliseconds.
    Again(String, u64),
    /// A cookie with a handle that nobody knows yet, for this record.
    New(Record),
    Error(ErrorKind),
}

impl Answer {
    /// Whether the session has no time left: its absolute end came while it was handled.
    pub(crate) fn ends_at_once(&self, now: u64) -> bool {
        match self {
            Self::Again(_, left) => *left == 0,
            Self::New(record) => record.expires_at <= now,
            Self::Keep | Self::Clear | Self::Error(_) => false,
        }
    }
}

impl World {
    pub(crate) fn new(keeps: Keeps, touches: bool) -> Self {
        Self {
            keeps,
            touches,
            records: BTreeMap::new(),
            handles: Vec::new(),
        }
    }

    /// The record that a store answers with.
    pub(crate) fn live(&self, handle: &str, now: u64) -> Option<&Stored> {
        let stored = self.records.get(handle)?;
        (now < stored.record.expires_at).then_some(stored)
    }

    /// A record under a handle that was not there before.
    pub(crate) fn insert(&mut self, handle: String, id: String, record: Record) {
        self.handles.push(handle.clone());
        let stored = Stored { id, record };
        let old = self.records.insert(handle, stored);
        let is_new = old.is_none() || self.keeps == Keeps::Client;
        assert!(is_new, "an id was given out twice");
    }

    pub(crate) fn remove(&mut self, handle: &str) {
        if self.keeps == Keeps::Server {
            self.records.remove(handle);
        }
    }

    /// Closes a session. From here on it cannot be written.
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
            (None, Phase::Open) => {
                let always = settings.establish == Establish::Always && !request.is_destroyed;
                if always || request.is_established() {
                    Decision::Begin
                } else if request.is_destroyed {
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

    /// Carries out what was decided, at `now` and with a store that failed like this.
    pub(crate) fn carry_out(
        &mut self,
        decision: Decision,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
    ) -> Answer {
        let unavailable = Answer::Error(ErrorKind::Unavailable);
        match (decision, &request.origin) {
            (Decision::Begin | Decision::End, _) => {
                if let Some(ended) = &request.ended
                    && failed
                        .is_none_or(|failed| failed.call != Call::Destroy || failed.took_effect)
                {
                    self.remove(ended);
                }
                // Where a record was stored and the answer lost, nobody has its cookie.
                if failed.is_some() {
                    unavailable
                } else if decision == Decision::End {
                    Answer::Clear
                } else {
                    let mut record = Record::new(request.data.clone(), request.next_flash());
                    record.created_at = request.settings.absolute.map(|_| now);
                    record.expires_at = request.settings.expiry(now, record.created_at);
                    Answer::New(record)
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
                let is_gone = self.live(&origin.handle, now).is_none();
                if is_gone && self.keeps == Keeps::Server {
                    return Answer::Keep;
                }
                let left = origin.record.expires_at.saturating_sub(now);
                Answer::Again(origin.handle.clone(), left)
            }
            _ => Answer::Keep,
        }
    }

    fn write(
        &mut self,
        origin: &Origin,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
        is_regenerated: bool,
    ) -> Answer {
        let unavailable = Answer::Error(ErrorKind::Unavailable);
        // A record from before there was an absolute lifetime may be too full to note when the session began. It is not
        // renewed without.
        if let Err(kind) = request.check_size(&request.data, &request.next_flash()) {
            return Answer::Error(kind);
        }
        let current = match self.keeps {
            // The client holds the only copy: there is nothing to join with.
            Keeps::Client => origin.record.clone(),
            Keeps::Server => match self.live(&origin.handle, now) {
                Some(stored) => stored.record.clone(),
                None if failed.is_some() => return unavailable,
                // It ended meanwhile, and stays so.
                None => return Answer::Keep,
            },
        };
        let settings = &request.settings;
        let is_over = settings
            .end(current.created_at)
            .is_some_and(|end| end <= now);
        if is_over && current.saves != origin.record.saves {
            // It would be joined with what has ended, by this server's absolute lifetime.
            return if failed.is_some() {
                unavailable
            } else {
                Answer::Keep
            };
        }
        let merged = match self.merged(origin, request, &current, now) {
            Ok(merged) => merged,
            Err(_) if failed.is_some() => return unavailable,
            Err(kind) => return Answer::Error(kind),
        };
        let is_same_handle = self.keeps == Keeps::Server && !is_regenerated;
        if let Some(failed) = failed {
            match failed.call {
                Call::Save if failed.took_effect && is_same_handle => {
                    self.replace(&origin.handle, merged);
                }
                Call::Retire if failed.took_effect => self.remove(&origin.handle),
                _ => {}
            }
            return unavailable;
        }
        if is_same_handle {
            let left = merged.expires_at.saturating_sub(now);
            self.replace(&origin.handle, merged);
            return Answer::Again(origin.handle.clone(), left);
        }
        self.remove(&origin.handle);
        Answer::New(merged)
    }

    /// The request's operations on what is stored by now.
    fn merged(
        &self,
        origin: &Origin,
        request: &Request,
        current: &Record,
        now: u64,
    ) -> Result<Record, ErrorKind> {
        let settings = &request.settings;
        let mut merged = current.clone();
        merged
            .commit(&origin.record, &request.ops)
            .map_err(|_| ErrorKind::Decode)?;
        let began = current.created_at.or(origin.record.created_at);
        merged.created_at = began.or(settings.absolute.map(|_| now));
        merged.expires_at = settings.expiry(now, merged.created_at);
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
    ) -> Answer {
        if !self.touches || self.keeps == Keeps::Client {
            if failed.is_some_and(|failed| failed.call == Call::Touch) {
                return Answer::Error(ErrorKind::Unavailable);
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
            (Some(_), _) => Answer::Error(ErrorKind::Unavailable),
            (None, false) => Answer::Keep,
            (None, true) => Answer::Again(origin.handle.clone(), expires_at.saturating_sub(now)),
        }
    }

    fn replace(&mut self, handle: &str, record: Record) {
        if let Some(stored) = self.records.get_mut(handle) {
            stored.record = record;
        }
    }
}

/// The length of a merged record's JSON, which says of flash that was carried along where it is from: in 12 characters.
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
