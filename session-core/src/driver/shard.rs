//! A part of the memory driver's records, under its own lock.

use std::collections::BTreeSet;
use std::collections::hash_map::{Entry, HashMap};

use crate::{Loaded, Record, SessionId, Timestamp, Version};

/// Some of the driver's records.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) records: HashMap<SessionId, Stored>,
    /// The same records, by expiry.
    ends: BTreeSet<(Timestamp, SessionId)>,
}

pub(super) struct Stored {
    pub(super) record: Record,
    pub(super) version: u64,
    pub(super) expires_at: Timestamp,
}

impl Shard {
    pub(super) fn live(&mut self, id: &str, now: Timestamp) -> Option<&Stored> {
        self.records
            .get(id)
            .filter(|stored| now < stored.expires_at)
    }

    /// Stores a record. Returns `true` if there was none under its id, not even an expired one.
    pub(super) fn put(&mut self, record: Record, version: u64, expires_at: Timestamp) -> bool {
        let id = record.id().clone();
        self.ends.insert((expires_at, id.clone()));
        let stored = Stored {
            record,
            version,
            expires_at,
        };
        match self.records.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(stored);
                true
            }
            Entry::Occupied(mut entry) => {
                let old = entry.insert(stored);
                if old.expires_at != expires_at {
                    self.ends.remove(&(old.expires_at, old.record.id));
                }
                false
            }
        }
    }

    pub(super) fn extend(&mut self, id: &SessionId, expires_at: Timestamp) {
        if let Some(stored) = self.records.get_mut(id) {
            self.ends.remove(&(stored.expires_at, id.clone()));
            stored.expires_at = expires_at;
            self.ends.insert((expires_at, id.clone()));
        }
    }

    pub(super) fn remove(&mut self, id: &SessionId) -> bool {
        let Some(stored) = self.records.remove(id) else {
            return false;
        };
        self.ends.remove(&(stored.expires_at, stored.record.id));
        true
    }

    /// Removes some expired records and returns how many: more than one save can add, few enough to go unnoticed.
    pub(super) fn sweep(&mut self, now: Timestamp) -> usize {
        let mut swept = 0;
        while swept < SWEEP && self.ends.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, id)) = self.ends.pop_first() {
                self.records.remove(&id);
                swept += 1;
            }
        }
        swept
    }
}

impl Stored {
    pub(super) fn loaded(&self) -> Loaded {
        Loaded::new(
            self.record.clone().expiring_at(self.expires_at),
            Version::number(self.version),
        )
    }
}

const SWEEP: usize = 16;
