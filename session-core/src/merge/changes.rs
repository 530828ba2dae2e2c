//! The log of what one request changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::record::json::escape;
use crate::record::members::Members;
use crate::{Error, Loaded, SessionId, Values, Version};

/// A change of one value: from its JSON text, if there is one, to its new JSON text.
pub(crate) type Change = Arc<dyn Fn(Option<&str>) -> Result<String, Error> + Send + Sync>;

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
/// mine.forget("both");
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
    pub(super) forgets: BTreeSet<Box<str>>,
    pub(super) updates: BTreeMap<Box<str>, Vec<Change>>,
    /// Updates that no longer count. They are dropped with the log and not before, because dropping them runs
    /// code of the caller's, and the session is locked while it is changed.
    overridden: Vec<Change>,
    /// Flash for the next request.
    pub(super) flash_next: Values,
    /// The flash that this request loaded, and thereby ages.
    pub(super) aged: Option<AgedFlash>,
}

/// Flash that a request loaded: it is gone once the request is committed.
#[derive(Clone)]
pub(super) struct AgedFlash {
    pub(super) id: SessionId,
    pub(super) version: Version,
    pub(super) flash: Values,
    pub(super) flash_from: Values,
}

impl Changes {
    /// Starts the log of a request that loaded `loaded`: its flash is consumed thereby.
    #[must_use]
    pub fn since(loaded: &Loaded) -> Self {
        let mut changes = Self::default();
        if !loaded.record.flash_next.is_empty() {
            changes.aged = Some(AgedFlash {
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

    /// Logs that `key` was removed.
    pub fn forget(&mut self, key: &str) {
        let key = &*escape(key);
        self.puts.remove(key);
        self.override_updates(key);
        self.forgets.insert(key.into());
    }

    /// Logs that all data was removed; `seen` is what the session held.
    pub fn flush(&mut self, seen: &Values) {
        for (key, changes) in std::mem::take(&mut self.updates) {
            self.overridden.extend(changes);
            self.forgets.insert(key);
        }
        self.forgets
            .extend(self.puts.iter().map(|(key, _)| Box::from(key)));
        self.puts = Members::new();
        self.flushed.get_or_insert_with(|| seen.clone());
    }

    /// Logs flash for the next request.
    pub fn flash(&mut self, key: &str, value: &RawValue) {
        self.flash_raw(key, value.get());
    }

    pub(crate) fn flash_raw(&mut self, key: &str, raw: &str) {
        self.flash_next.insert_raw(key, raw);
    }

    pub(crate) fn update(&mut self, key: &str, raw: &str, change: Change) {
        let key = &*escape(key);
        // After a put or a forget of our own the result no longer depends on others.
        if self.puts.get(key).is_some() || self.forgets.contains(key) {
            self.overridden.push(change);
            self.put_escaped(key, raw);
        } else {
            self.updates.entry(key.into()).or_default().push(change);
        }
    }

    /// Takes the [escaped](escape) key.
    fn override_updates(&mut self, key: &str) {
        self.overridden
            .extend(self.updates.remove(key).into_iter().flatten());
    }

    pub(crate) fn extend_flash(&mut self, flash: &Values) {
        self.flash_next.extend(flash);
    }

    /// The flash for the next request.
    pub(crate) const fn flash_next(&self) -> &Values {
        &self.flash_next
    }

    /// Says whether there is anything to save: also flash that has been shown must go.
    pub(crate) fn is_empty(&self) -> bool {
        self.flushed.is_none()
            && self.puts.len() == 0
            && self.forgets.is_empty()
            && self.updates.is_empty()
            && self.flash_next.is_empty()
            && self.aged.is_none()
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
            .field("forgets", &self.forgets)
            .field("updates", &self.updates.keys())
            .field("flash_next", &self.flash_next)
            .finish_non_exhaustive()
    }
}
