//! The log of what one request changed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::value::RawValue;

use super::update::Updates;
use crate::record::json::escape;
use crate::record::members::Members;
use crate::{Loaded, SessionId, Values, Version};

/// What one request changed in a session: a plain value, replayed by [`Changes::onto`].
///
/// # Examples
///
/// ```
/// use session_core::merge::Changes;
/// use session_core::{Loaded, RawValue, Record, Version};
///
/// let read = |json| Record::from_json(json).map(|record| Loaded::new(record, Version::none()));
/// let current = read(r#"{"id":"a","data":{"theirs":1,"both":1}}"#)?;
///
/// let mut mine = Changes::default();
/// mine.put("ours", &RawValue::from_string("2".to_owned()).unwrap());
/// mine.forget("both", None);
/// let merged = mine.onto(&current)?;
/// assert_eq!(merged.data().to_json(), r#"{"ours":2,"theirs":1}"#);
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Changes {
    /// What the session held when it was flushed. The other changes came after that.
    pub(super) flushed: Option<Values>,
    // A key is in at most one of these three.
    pub(super) puts: Members,
    /// The keys that were removed, with the value that was seen. Without one, any value is removed.
    pub(super) forgets: BTreeMap<Box<str>, Option<Box<str>>>,
    pub(super) updates: BTreeMap<Box<str>, Updates>,
    /// Updates that no longer count. They are dropped with the log and no sooner: dropping them runs code of the caller's,
    /// and the session is locked while it is changed.
    overridden: Vec<Updates>,
    /// Flash for the next request.
    pub(super) flash_next: Values,
    /// The session's own idle lifetime, if it was set or reset.
    pub(super) remembered_for: Option<Option<Duration>>,
    /// The flash that this request loaded, and thereby ages.
    pub(super) aged: Option<LoadedFlash>,
}

/// Flash that a request loaded, and where it was.
#[derive(Clone)]
pub(crate) struct LoadedFlash {
    pub(super) id: SessionId,
    pub(super) version: Version,
    pub(super) flash: Values,
    pub(super) flash_from: Values,
}

impl Changes {
    /// Starts the log of a request that loaded `loaded`, which ages the flash in it.
    #[must_use]
    pub fn since(loaded: &Loaded) -> Self {
        let mut changes = Self::default();
        if !loaded.record.flash_next.is_empty() {
            changes.aged = Some(LoadedFlash {
                id: loaded.record.id.clone(),
                version: loaded.version.clone(),
                flash: loaded.record.flash_next.clone(),
                flash_from: loaded.record.flash_from.clone(),
            });
        }
        changes
    }

    /// Logs that `key` was set to `value`.
    pub fn put(&mut self, key: &str, value: &RawValue) {
        self.put_escaped(&escape(key), value.get());
    }

    /// Logs that the key that is [escaped](escape) like this was set.
    pub(crate) fn put_escaped(&mut self, key: &str, raw: &str) {
        self.forgets.remove(key);
        self.override_updates(key);
        self.puts.insert(key, raw);
    }

    /// Logs that `key` was removed when its value was `seen`. Another value, stored meanwhile, will stay. With `None`, any
    /// value will be removed.
    pub fn forget(&mut self, key: &str, seen: Option<&RawValue>) {
        self.forget_raw(key, seen.map(RawValue::get));
    }

    pub(crate) fn forget_raw(&mut self, key: &str, seen: Option<&str>) {
        self.forget_escaped(&escape(key), seen);
    }

    fn forget_escaped(&mut self, key: &str, seen: Option<&str>) {
        // What this request wrote itself is not what it found.
        let is_own = self.puts.get(key).is_some() || self.updates.contains_key(key);
        self.puts.remove(key);
        self.override_updates(key);
        let seen = seen.filter(|_| !is_own).map(Into::into);
        self.forgets.insert(key.into(), seen);
    }

    /// Logs that all data was removed. `seen` is what the session held.
    pub fn flush(&mut self, seen: &Values) {
        for (key, updates) in std::mem::take(&mut self.updates) {
            self.overridden.push(updates);
            self.forgets.insert(key, None);
        }
        let puts = std::mem::take(&mut self.puts);
        self.forgets
            .extend(puts.iter().map(|(key, _)| (Box::from(key), None)));
        match &mut self.flushed {
            // After a reload, it sees what others stored since the first time.
            Some(flushed) => flushed.extend(seen),
            None => self.flushed = Some(seen.clone()),
        }
    }

    /// Logs that the session got its own idle lifetime, or with `None`, that the manager's holds again.
    pub const fn remember(&mut self, lifetime: Option<Duration>) {
        self.remembered_for = Some(lifetime);
    }

    /// Logs flash for the next request.
    pub fn flash(&mut self, key: &str, value: &RawValue) {
        self.flash_raw(key, value.get());
    }

    pub(crate) fn flash_raw(&mut self, key: &str, raw: &str) {
        self.flash_next.insert_raw(key, raw);
    }

    pub(crate) fn extend_flash(&mut self, flash: &Values) {
        self.flash_next.extend(flash);
    }

    /// Logs that `key` was updated to `raw`. Returns what is left of `update`, to be dropped while the session is not
    /// locked.
    pub(crate) fn update(&mut self, key: &str, raw: &str, update: Updates) -> Option<Updates> {
        self.update_escaped(&escape(key), raw, update)
    }

    fn update_escaped(&mut self, key: &str, raw: &str, update: Updates) -> Option<Updates> {
        // After a put or a forget of our own, the result does not depend on others any more.
        if self.puts.get(key).is_some() || self.forgets.contains_key(key) {
            self.put_escaped(key, raw);
            return Some(update);
        }
        if let Some(updates) = self.updates.get_mut(key) {
            return Some(updates.append(update));
        }
        self.updates.insert(key.into(), update);
        None
    }

    /// Adds what was logged after this, in a session whose data is `data`.
    pub(crate) fn append(&mut self, later: Self, data: &Values) {
        if let Some(seen) = &later.flushed {
            self.flush(seen);
        }
        for (key, raw) in later.puts.iter() {
            self.put_escaped(key, raw);
        }
        for (key, seen) in &later.forgets {
            self.forget_escaped(key, seen.as_deref());
        }
        for (key, updates) in later.updates {
            if let Some(raw) = data.escaped().get(&key) {
                let rest = self.update_escaped(&key, raw, updates);
                self.overridden.extend(rest);
            }
        }
        self.overridden.extend(later.overridden);
        self.flash_next.extend(&later.flash_next);
        self.remembered_for = later.remembered_for.or(self.remembered_for);
    }

    /// Ages no flash. Returns what was loaded.
    pub(crate) fn keep_flash(&mut self) -> Option<LoadedFlash> {
        self.aged.take()
    }

    /// Returns `true` if `key` was set or updated.
    pub(crate) fn sets(&self, key: &str) -> bool {
        let key = &*escape(key);
        self.puts.get(key).is_some() || self.updates.contains_key(key)
    }

    /// Returns `true` if the session's own idle lifetime was set or reset.
    pub(crate) const fn sets_lifetime(&self) -> bool {
        self.remembered_for.is_some()
    }

    /// Returns the flash for the next request.
    pub(crate) const fn flash_next(&self) -> &Values {
        &self.flash_next
    }

    /// Returns `true` if there is nothing to save. Flash that was loaded must go, which is something.
    pub(crate) fn is_empty(&self) -> bool {
        self.flushed.is_none()
            && self.puts.len() == 0
            && self.forgets.is_empty()
            && self.updates.is_empty()
            && self.flash_next.is_empty()
            && self.remembered_for.is_none()
            && self.aged.is_none()
    }

    /// Takes the [escaped](escape) key.
    fn override_updates(&mut self, key: &str) {
        self.overridden.extend(self.updates.remove(key));
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("flushed", &self.flushed.is_some())
            .field(
                "puts",
                &self.puts.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            )
            .field("forgets", &self.forgets.keys())
            .field("updates", &self.updates.keys())
            .field("flash_next", &self.flash_next)
            .field("remembered_for", &self.remembered_for)
            .finish_non_exhaustive()
    }
}
