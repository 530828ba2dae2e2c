//! What a record holds, and what becomes of it when a request commits: the operations of that request, one by one, on
//! what is stored by then. No versions, no logs of changes, no tags.

use std::collections::{BTreeMap, BTreeSet};

/// Names with the JSON text of their values.
pub type Texts = BTreeMap<String, String>;

/// A stored session.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The session's data.
    pub data: Texts,
    /// Flash for the next request.
    pub flash: BTreeMap<String, Flash>,
    /// When it ends, in milliseconds.
    pub expires_at: u64,
    /// When it began, if that is recorded.
    pub created_at: Option<u64>,
    /// How often it was stored.
    pub saves: u64,
    flashed: u64,
}

/// A flash entry. Two of the same name and text are two, if two requests made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    identity: u64,
    /// JSON text.
    pub value: String,
}

/// What a request does to a session that must reach the store.
#[derive(Clone, Debug)]
pub enum Op {
    /// Sets a key.
    Put(String, String),
    /// Removes a key, or pulls it.
    Forget(String),
    /// Changes a number.
    Update(String, Change),
    /// Removes all data.
    Flush,
    /// Sets flash.
    Flash(String, String),
    /// Carries all flash on.
    Reflash,
    /// Carries some flash on.
    Keep(Vec<String>),
}

/// A change of a number. They do not commute.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Adds one.
    Count,
    /// Doubles it and adds this.
    Double(i64),
}

/// An update met a value that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNumber;

impl Change {
    /// The changed number.
    pub fn apply(self, number: i64) -> i64 {
        match self {
            Self::Count => number.wrapping_add(1),
            Self::Double(more) => number.wrapping_mul(2).wrapping_add(more),
        }
    }
}

impl Record {
    /// A record that holds this.
    pub fn new(data: Texts, flash: Texts) -> Self {
        let mut record = Self {
            data,
            ..Self::default()
        };
        record.add_flash(flash);
        record
    }

    /// Commits a request that saw `seen` and then did `ops`. Flash that it saw is gone.
    ///
    /// # Errors
    ///
    /// [`NoNumber`] when an update that counts is impossible by now; nothing is changed then.
    pub fn commit(&mut self, seen: &Self, ops: &[Op]) -> Result<(), NoNumber> {
        self.data = changed(&self.data, &seen.data, ops)?;
        self.flash
            .retain(|name, flash| seen.flash.get(name) != Some(flash));
        self.add_flash(seen.next_flash(ops));
        self.saves += 1;
        Ok(())
    }

    /// Other software writes the record anew.
    pub fn overwrite(&mut self, data: Texts, flash: Texts) {
        self.data = data;
        self.flash.clear();
        self.add_flash(flash);
        self.saves += 1;
    }

    /// What a request that saw this leaves to the next one by these operations.
    pub fn next_flash(&self, ops: &[Op]) -> Texts {
        let mut next = Texts::new();
        let old = |name: &String| Some((name.clone(), self.flash.get(name)?.value.clone()));
        for op in ops {
            match op {
                Op::Flash(name, value) => drop(next.insert(name.clone(), value.clone())),
                Op::Reflash => next.extend(self.flash.keys().filter_map(old)),
                Op::Keep(names) => next.extend(names.iter().filter_map(old)),
                _ => {}
            }
        }
        next
    }

    /// The flash, without its identities.
    pub fn flash_texts(&self) -> Texts {
        self.flash
            .iter()
            .map(|(name, flash)| (name.clone(), flash.value.clone()))
            .collect()
    }

    fn add_flash(&mut self, texts: Texts) {
        for (name, value) in texts {
            self.flashed += 1;
            let identity = self.flashed;
            self.flash.insert(name, Flash { identity, value });
        }
    }
}

/// What the operations of a request that saw `seen` make of `data`.
///
/// # Errors
///
/// [`NoNumber`] when an update that no later operation made up for met something else.
pub fn changed(data: &Texts, seen: &Texts, ops: &[Op]) -> Result<Texts, NoNumber> {
    let mut data = data.clone();
    let mut written = BTreeSet::new();
    let mut impossible = BTreeSet::new();
    for op in ops {
        match op {
            Op::Put(key, value) => {
                written.insert(key);
                impossible.remove(key);
                data.insert(key.clone(), value.clone());
            }
            Op::Forget(key) => {
                written.insert(key);
                impossible.remove(key);
                data.remove(key);
            }
            Op::Update(key, change) => {
                written.insert(key);
                match data.get(key).map_or(Ok(0), |text| text.parse()) {
                    Ok(number) => {
                        data.insert(key.clone(), change.apply(number).to_string());
                    }
                    Err(_) => {
                        impossible.insert(key);
                    }
                }
            }
            Op::Flush => {
                impossible.clear();
                data.retain(|key, value| !written.contains(key) && seen.get(key) != Some(value));
            }
            Op::Flash(..) | Op::Reflash | Op::Keep(_) => {}
        }
    }
    impossible.is_empty().then_some(data).ok_or(NoNumber)
}
