//! The store in the model, and what a commit may answer.

use std::collections::BTreeMap;

use super::Storage;
use super::record::Record;
use super::settings::{Failure, Settings};

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

/// The result that a commit must have.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The client keeps its cookie. What was written is dropped, if anything was.
    Keep,
    /// The session is saved, and the client keeps its cookie.
    Saved,
    Clear,
    /// What a save by hand stored is removed again, and the client keeps its cookie.
    Removed,
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
            Self::Keep | Self::Saved | Self::Clear | Self::Removed | Self::Error(_) => false,
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

    /// Returns the handles of an owner's sessions under these settings, in the order of their logins.
    pub(crate) fn sessions_of(&self, owner: &str, settings: Settings, now: u64) -> Vec<String> {
        let is_over = |end: u64| end <= now;
        let is_its = |stored: &Stored| {
            let Record {
                expires_at,
                created_at,
                ..
            } = stored.record;
            let has_ended = is_over(expires_at) || settings.end(created_at).is_some_and(is_over);
            !stored.is_moved && !has_ended && stored.record.owner().as_deref() == Some(owner)
        };
        let found = self.records.iter().filter(|(_, stored)| is_its(stored));
        let mut found: Vec<_> = found
            .map(|(handle, stored)| (stored.record.owned_at, handle.clone()))
            .collect();
        found.sort();
        found.into_iter().map(|(_, handle)| handle).collect()
    }
}
