//! What a request changed, and how that is joined with what other requests changed meanwhile.
//!
//! Two requests of one client overlap: both load the session, both change it, the faster one saves. When
//! the slower one saves, a server-side store answers that it holds something else by now. The slower
//! request does not overwrite that: its [`Changes`] are replayed onto what the store holds, and the result
//! is saved. So no update is lost.
//!
//! # Laws
//!
//! 1. **Disjoint keys both survive.** What two requests put, update or forget under different keys is all
//!    there afterwards, in whatever order they end.
//! 2. **The same key: the one that saves last wins**, except that an *update* is a function and is applied to
//!    the value that is there, so counters stay exact.
//! 3. **A flush beats what it saw and not what came later.** It removes every key that still has the value
//!    which the flushing request saw, and every key that this request wrote itself before. Values that
//!    another request added or changed meanwhile stay.
//! 4. **Flash consumed by both is gone once; flash added by either survives**, also when both add the same
//!    text under the same name.
//! 5. **Replaying onto an unchanged record equals not merging.**
//! 6. **Gone is gone.** There is no replay onto a record that was destroyed, replaced or has expired: the
//!    late write is dropped. (If nobody else wrote the record, only the store can tell that it expired while the request
//!    ran: one that forgets records at their end does.)
//!
//! # How flash is told apart
//!
//! A request consumes the flash that it saw, and that flash only. Usually the store holds either just
//! that, or just what a faster request added. But a request that merged carries along flash that it never
//! saw. Its record then says in `flash_from`, for each such name, in which version of the record the flash
//! was first seen, so that a third request knows whether it is the one that it consumed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::json::escape;
use crate::members::Members;
use crate::{Error, Loaded, Record, SessionId, Values, Version};

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
    flushed: Option<Values>,
    // A key is in at most one of these three.
    puts: Members,
    forgets: BTreeSet<Box<str>>,
    updates: BTreeMap<Box<str>, Vec<Change>>,
    /// Updates that no longer count. They are dropped with the log and not before, because dropping them runs
    /// code of the caller's, and the session is locked while it is changed.
    overridden: Vec<Change>,
    /// Flash for the next request.
    flash: Values,
    /// The flash that this request was shown, by name, with the tag of the version it is from.
    consumed: Option<Consumed>,
}

#[derive(Clone)]
struct Consumed {
    id: SessionId,
    flash: Values,
    from: Values,
    version: Version,
}

impl Changes {
    /// Starts the log of a request that loaded `loaded`: its flash is consumed thereby.
    #[must_use]
    pub fn since(loaded: &Loaded) -> Self {
        let mut changes = Self::default();
        if !loaded.record.flash.is_empty() {
            changes.consumed = Some(Consumed {
                id: loaded.record.id.clone(),
                flash: loaded.record.flash.clone(),
                from: loaded.record.flash_from.clone(),
                version: loaded.version.clone(),
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
        self.flash.insert_raw(key, raw);
    }

    /// Replays the changes onto what the store holds now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when an update finds a value that is not of its type any more.
    pub fn onto(&self, current: &Loaded) -> Result<Record, Error> {
        let mut record = current.record.clone();
        self.apply_to_data(&mut record.data)?;
        self.apply_to_flash(&mut record, &current.version);
        Ok(record)
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
        self.flash.extend(flash);
    }

    /// The flash for the next request.
    pub(crate) const fn next_flash(&self) -> &Values {
        &self.flash
    }

    /// Says whether there is anything to save: also flash that has been shown must go.
    pub(crate) fn is_empty(&self) -> bool {
        self.flushed.is_none()
            && self.puts.len() == 0
            && self.forgets.is_empty()
            && self.updates.is_empty()
            && self.flash.is_empty()
            && self.consumed.is_none()
    }

    fn apply_to_data(&self, data: &mut Values) -> Result<(), Error> {
        if let Some(seen) = &self.flushed {
            data.escaped_mut()
                .retain(|key, raw| seen.escaped().get(key) != Some(raw));
        }
        data.escaped_mut()
            .retain(|key, _| !self.forgets.contains(key));
        for (key, raw) in self.puts.iter() {
            data.escaped_mut().insert(key, raw);
        }
        for (key, changes) in &self.updates {
            let mut raw = data.escaped().get(key).map(str::to_owned);
            for change in changes {
                raw = Some(change(raw.as_deref())?);
            }
            if let Some(raw) = raw {
                data.escaped_mut().insert(key, &raw);
            }
        }
        Ok(())
    }

    fn apply_to_flash(&self, record: &mut Record, version: &Version) {
        let current = tag(&record.id, version);
        let ours = self
            .consumed
            .as_ref()
            .map(|consumed| (consumed, tag(&consumed.id, &consumed.version)));
        let from = std::mem::take(&mut record.flash_from);
        let mut left = Values::new();
        record.flash.escaped_mut().retain(|name, _| {
            let origin = from.escaped().get(name).unwrap_or(&current);
            let consumed = ours.as_ref().is_some_and(|(consumed, tag)| {
                consumed.flash.escaped().get(name).is_some()
                    && consumed.from.escaped().get(name).unwrap_or(tag) == origin
            });
            if !consumed && self.flash.escaped().get(name).is_none() {
                left.escaped_mut().insert(name, origin);
            }
            !consumed
        });
        record.flash.extend(&self.flash);
        record.flash_from = left;
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
            .field("flash", &self.flash)
            .finish_non_exhaustive()
    }
}

/// A short name of a version of a record, as JSON text: 72 bits of a hash, for a version may be large, and may
/// count within its record only.
fn tag(id: &SessionId, version: &Version) -> String {
    let mut hash = Sha256::new_with_prefix(id.as_str());
    match (version.as_number(), version.as_bytes()) {
        (Some(number), _) => hash.update(number.to_be_bytes()),
        (_, bytes) => hash.update(bytes.map(AsRef::as_ref).unwrap_or_default()),
    }
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash.finalize()[..9]))
}
