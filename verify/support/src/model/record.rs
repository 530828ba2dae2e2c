//! A stored session, and merging in its simplest form: when a request commits, its operations are
//! applied one by one to what is stored by then. There are no versions, no change logs and no tags.

use std::collections::{BTreeMap, BTreeSet};

/// The JSON texts of values, by name.
pub type Texts = BTreeMap<String, String>;

/// A stored session.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The session's data.
    pub data: Texts,
    /// Flash for the next request.
    pub flash: BTreeMap<String, Flash>,
    /// When it expires, in milliseconds.
    pub expires_at: u64,
    /// When it was created, if that is recorded.
    pub created_at: Option<u64>,
    /// When it was saved last, if that is recorded.
    pub saved_at: Option<u64>,
    /// When it got its owner, if that is recorded.
    pub owned_at: Option<u64>,
    /// Its own idle lifetime, in milliseconds.
    pub remembered: Option<u64>,
    /// How often it was saved.
    pub saves: u64,
    flashed: u64,
}

/// A flash entry. Two requests that flash the same text under the same name create two distinct
/// entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    identity: u64,
    /// The JSON text of the value.
    pub value: String,
}

/// An operation on a session that must reach the store.
#[derive(Clone, Debug)]
pub enum Op {
    /// Sets a key.
    Put(String, String),
    /// Removes or pulls a key.
    Forget(String),
    /// Updates a number.
    Update(String, Change),
    /// Removes all data.
    Flush,
    /// Flashes a value.
    Flash(String, String),
    /// Keeps all flash for another request.
    Reflash,
    /// Keeps some flash for another request.
    Keep(Vec<String>),
    /// Gives the session its own idle lifetime, or takes it back.
    Remember(Option<u64>),
    /// Sees this data from now on, because it was reloaded.
    See(Texts),
}

/// A function that updates a number. The two do not commute.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Adds one.
    Count,
    /// Doubles the number and adds another one.
    Double(i64),
}

/// The error of an update that finds a value other than a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNumber;

impl Change {
    /// Applies the function.
    pub fn apply(self, number: i64) -> i64 {
        match self {
            Self::Count => number.wrapping_add(1),
            Self::Double(more) => number.wrapping_mul(2).wrapping_add(more),
        }
    }
}

impl Record {
    /// Creates a record.
    pub fn new(data: Texts, flash: Texts) -> Self {
        let mut record = Self {
            data,
            ..Self::default()
        };
        record.add_flash(flash);
        record
    }

    /// Commits a request that loaded `seen` and then did `ops`. The flash entries that it saw are
    /// consumed.
    ///
    /// # Errors
    ///
    /// Returns [`NoNumber`] and changes nothing if an update finds a value other than a number.
    pub fn commit(&mut self, seen: &Self, ops: &[Op]) -> Result<(), NoNumber> {
        self.data = changed(&self.data, &seen.data, ops)?;
        self.flash
            .retain(|name, flash| seen.flash.get(name) != Some(flash));
        self.add_flash(seen.next_flash(ops));
        for op in ops {
            if let Op::Remember(lifetime) = op {
                self.remembered = *lifetime;
            }
        }
        self.saves += 1;
        Ok(())
    }

    /// Returns whose session it is: a string or a number under [`OWNER`].
    pub fn owner(&self) -> Option<String> {
        owner(&self.data)
    }

    /// Notes that it is saved at `now`, over a record that belonged to `before` since `since`.
    pub fn stamp(&mut self, before: Option<String>, since: Option<u64>, now: u64) {
        self.saved_at = Some(now);
        self.owned_at = match self.owner() {
            None => None,
            owner if owner == before => since.or(Some(now)),
            Some(_) => Some(now),
        };
    }

    /// Empties the record, because its session goes on under another id.
    pub fn move_away(&mut self, expires_at: u64) {
        *self = Self {
            expires_at,
            saves: self.saves + 1,
            flashed: self.flashed,
            ..Self::default()
        };
    }

    /// Replaces the record, as other software does.
    pub fn overwrite(&mut self, data: Texts, flash: Texts) {
        self.data = data;
        self.flash.clear();
        self.add_flash(flash);
        (self.saved_at, self.owned_at, self.remembered) = (None, None, None);
        self.saves += 1;
    }

    /// Returns the flash that a request leaves for the next one if it loaded this record and did
    /// `ops`.
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

    /// Returns the flash texts without their identities.
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

/// Returns whose session has this data.
pub fn owner(data: &Texts) -> Option<String> {
    let text = data.get(OWNER)?;
    match text.strip_prefix('"') {
        // The model stores no text with an escape there.
        Some(rest) => Some(rest.trim_end_matches('"').to_owned()),
        None if text.parse::<f64>().is_ok() => Some(text.clone()),
        None => None,
    }
}

/// The key that says whose session it is.
pub const OWNER: &str = "owner";

/// Applies the operations of a request that loaded `seen` to `data`.
///
/// # Errors
///
/// Returns [`NoNumber`] if an update finds another value, unless a later operation overrides it.
pub fn changed(data: &Texts, seen: &Texts, ops: &[Op]) -> Result<Texts, NoNumber> {
    applied(data, seen, ops).map(|(data, _)| data)
}

/// Returns what a request sees after `ops` if it loaded `seen`.
///
/// # Errors
///
/// Returns [`NoNumber`] if an update finds another value.
pub fn viewed(seen: &Texts, ops: &[Op]) -> Result<Texts, NoNumber> {
    // What is stored does not matter here, so nothing must be impossible there.
    let mut view = seen.clone();
    let mut from = 0;
    for (at, op) in ops.iter().enumerate() {
        if let Op::See(data) = op {
            (view, from) = (data.clone(), at + 1);
        }
    }
    applied(&view, &view, &ops[from..]).map(|(_, view)| view)
}

/// Returns what is stored after `ops`, and what the request sees.
fn applied(data: &Texts, seen: &Texts, ops: &[Op]) -> Result<(Texts, Texts), NoNumber> {
    let mut data = data.clone();
    // What the request itself sees.
    let mut view = seen.clone();
    // The keys that it wrote, and those whose value no longer depends on what others store.
    let mut written = BTreeSet::new();
    let mut decided = BTreeSet::new();
    let mut impossible = BTreeSet::new();
    for op in ops {
        match op {
            Op::Put(key, value) => {
                written.insert(key.clone());
                decided.insert(key.clone());
                impossible.remove(key);
                view.insert(key.clone(), value.clone());
                data.insert(key.clone(), value.clone());
            }
            // Removing nothing is no write.
            Op::Forget(key) if !view.contains_key(key) => {}
            Op::Flush if view.is_empty() => {}
            Op::Forget(key) => {
                // A value that another request stored meanwhile stays.
                if written.contains(key) || view.get(key) == data.get(key) {
                    data.remove(key);
                }
                decided.insert(key.clone());
                impossible.remove(key);
                view.remove(key);
            }
            Op::Update(key, change) => {
                let update = |text: Option<&String>| {
                    let number: i64 = text.map_or(Ok(0), |text| text.parse())?;
                    Ok::<_, std::num::ParseIntError>(change.apply(number).to_string())
                };
                let seen = update(view.get(key)).map_err(|_| NoNumber)?;
                let stored = if decided.contains(key) {
                    Ok(seen.clone())
                } else {
                    update(data.get(key))
                };
                written.insert(key.clone());
                view.insert(key.clone(), seen);
                match stored {
                    Ok(number) => drop(data.insert(key.clone(), number)),
                    Err(_) => drop(impossible.insert(key.clone())),
                }
            }
            Op::Flush => {
                impossible.clear();
                data.retain(|key, value| !written.contains(key) && view.get(key) != Some(value));
                decided.extend(written.iter().cloned());
                view.clear();
            }
            Op::See(now) => view.clone_from(now),
            Op::Flash(..) | Op::Reflash | Op::Keep(_) | Op::Remember(_) => {}
        }
    }
    impossible
        .is_empty()
        .then_some((data, view))
        .ok_or(NoNumber)
}
