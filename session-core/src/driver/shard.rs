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
    /// The ids of those that have an owner.
    owners: HashMap<Box<str>, BTreeSet<SessionId>>,
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
        if let Some(owner) = &record.owner {
            self.owners
                .entry(owner.clone())
                .or_default()
                .insert(id.clone());
        }
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
                let owner = stored.record.owner.clone();
                let old = entry.insert(stored);
                if old.record.owner != owner {
                    self.disown(&old.record);
                }
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
        self.disown(&stored.record);
        self.ends.remove(&(stored.expires_at, stored.record.id));
        true
    }

    pub(super) fn owned_by(&self, owner: &str) -> impl Iterator<Item = &SessionId> {
        self.owners.get(owner).into_iter().flatten()
    }

    /// Removes a record's id from the list of its owner.
    fn disown(&mut self, record: &Record) {
        let Some(owner) = &record.owner else { return };
        if let Some(ids) = self.owners.get_mut(owner) {
            ids.remove(&record.id);
            if ids.is_empty() {
                self.owners.remove(owner);
            }
        }
    }

    /// Removes some expired records and returns how many: more than one save can add, few enough to go unnoticed.
    pub(super) fn sweep(&mut self, now: Timestamp) -> usize {
        let mut swept = 0;
        while swept < SWEEP && self.ends.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, id)) = self.ends.pop_first() {
                if let Some(stored) = self.records.remove(&id) {
                    self.disown(&stored.record);
                }
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
