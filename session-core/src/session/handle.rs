//! The handle that application code reads and writes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{AnyKey, KeyOf};
use super::life::Life;
use super::state::State;
use crate::merge::update::Update;
use crate::record::json;
use crate::{Error, ErrorKind, SessionId, Timestamp, Values};

/// One request's session.
///
/// A session is cheap to clone. Clones share their state, even across threads. Every verb is synchronous: the session is
/// loaded before the handler runs and saved after it, so no verb waits, and none holds a lock while it runs your code.
///
/// Values are stored as JSON and decoded when they are read. If `n` is a string, `get::<u32>("n")` is an error, not
/// `None`. A key is a string, or a typed [`Key`](crate::Key), with which the compiler knows the type of the value.
///
/// # Errors
///
/// Every write can fail:
/// - [`ErrorKind::TooLarge`]: the session would exceed its limit. Nothing is changed.
/// - [`ErrorKind::Unavailable`]: the store did not answer. The session reads as empty, and nothing would be saved.
/// - [`ErrorKind::Closed`]: the session was already saved with its response, for example in a task that outlives the
///   request. Nothing would be saved.
///
/// # Overlapping requests
///
/// With a server-side driver, the changes of overlapping requests are merged key by key. The [`merge`](crate::merge)
/// module has the rules. The cookie driver cannot merge: the browser keeps the cookie that arrives last.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let secret = session_core::Secret::generate().unwrap();
/// # let driver = session_core::MemoryDriver::new();
/// # let manager = session_core::SessionManager::builder(driver, secret).build().unwrap();
/// # let session = manager.open(None).await?;
/// session.put("user_id", 42)?;
/// assert_eq!(session.get::<u64>("user_id")?, Some(42));
///
/// let visits = session.update("visits", 0, |n| n + 1)?;
/// assert_eq!(visits, 1);
///
/// session.flash("notice", "Saved!")?;
/// assert!(!session.has_flash("notice"), "flash is for the next request");
/// # Ok::<(), session_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Session(Arc<Mutex<State>>);

impl Session {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Returns the value of `key`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`] if the stored value is not a `T`. The value stays as it is.
    pub fn get<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
    ) -> Result<Option<T>, Error> {
        // A copy, because decoding may run the caller's code, and the session must not be locked then.
        let data = self.look().data.clone();
        data.get(key.name())
    }

    /// Returns the value of `key`, or `default` if there is none.
    ///
    /// The default has the type of the value, so text needs an owned string: `get_or("name", "guest".to_owned())`.
    ///
    /// # Errors
    ///
    /// The same as [`get`](Self::get). A value of another type is an error, not the default.
    pub fn get_or<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
        default: T,
    ) -> Result<T, Error> {
        Ok(self.get(key)?.unwrap_or(default))
    }

    /// Returns `true` if `key` has a value, even `null`.
    #[must_use]
    #[doc(alias = "contains_key")]
    pub fn has(&self, key: &(impl AnyKey + ?Sized)) -> bool {
        self.look().data.contains(key.name())
    }

    /// Returns a copy of all data.
    #[must_use]
    #[doc(alias = "entries")]
    pub fn all(&self) -> Values {
        self.look().data.clone()
    }

    /// Returns all keys, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.look().data.keys().map(Into::into).collect()
    }

    /// Sets `key` to `value`.
    ///
    /// The value must survive JSON. NaN, infinities and more than 127 levels of nesting are errors. A few types write what
    /// serde itself cannot read back, and nothing notices: a `u128` inside an internally tagged or untagged enum, and a map
    /// with integer keys inside `#[serde(flatten)]`. Store such a value as a `String`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Encode`] if `value` cannot be written as JSON that reads back, and fails like
    /// [every write](Self#errors). The session stays as it was.
    #[doc(alias = "insert")]
    #[doc(alias = "set")]
    pub fn put<T: Serialize>(&self, key: &(impl KeyOf<T> + ?Sized), value: T) -> Result<(), Error> {
        let key = key.name();
        let raw = json::encode(key, &value)?;
        self.change()?.put(key, &raw)
    }

    /// Removes `key` and returns its value. If there is none, this does not count as a write.
    ///
    /// If another request changes the value meanwhile, the other value stays.
    ///
    /// # Security
    ///
    /// Two overlapping requests may both get the value, so this does not make a token single-use. Keep such a token
    /// where taking it is atomic.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`] if the value is not a `T`; the value then stays in the session. Also fails like
    /// [every write](Self#errors).
    #[doc(alias = "remove")]
    #[doc(alias = "take")]
    pub fn pull<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
    ) -> Result<Option<T>, Error> {
        let key = key.name();
        for _ in 0..MAX_TRIES {
            let Some(raw) = self.change()?.data.get_raw(key).map(str::to_owned) else {
                return Ok(None);
            };
            let value = json::decode(key, &raw)?;
            let mut state = self.change()?;
            // Another clone may have been faster while the lock was open.
            if state.data.get_raw(key) == Some(&raw) {
                state.forget(key);
                return Ok(Some(value));
            }
        }
        Err(Error::new(ErrorKind::Conflict).with_key(key))
    }

    /// Removes `key`. Returns `true` if it was there. If it was not, this does not count as a write.
    ///
    /// If another request changes the value meanwhile, the other value stays.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors).
    #[doc(alias = "remove")]
    #[doc(alias = "delete")]
    pub fn forget(&self, key: &(impl AnyKey + ?Sized)) -> Result<bool, Error> {
        Ok(self.change()?.forget(key.name()))
    }

    /// Removes all data. The id stays, and so does flash, both from the previous request and for the next. If there is no
    /// data, this does not count as a write.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors).
    #[doc(alias = "clear")]
    pub fn flush(&self) -> Result<(), Error> {
        let mut state = self.change()?;
        let seen = std::mem::take(&mut state.data);
        if !seen.is_empty() {
            state.log().flush(&seen);
        }
        Ok(())
    }

    /// Sets `key` to `change(value)` and returns the result. The value is `default` if there is none.
    ///
    /// If another request changes the session meanwhile, `change` runs again on the value that is stored by then, so a
    /// counter stays exact. Therefore `change` should do nothing but compute its result, and it owns what it captures
    /// (`move`). The returned value may be older than the one that is stored in the end. `change` is kept until the
    /// session is committed: a clone of the session inside it would keep both alive forever.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`] if the stored value is not a `T`, [`ErrorKind::Encode`] if the new one cannot be
    /// written as JSON, [`ErrorKind::Conflict`] if `change` keeps writing `key` itself, and fails like [every
    /// write](Self#errors). The session stays as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn handler(session: session_core::Session, sku: String) -> Result<(), session_core::Error> {
    /// let visits: u32 = session.update("visits", 0, |visits| visits + 1)?;
    /// // `sku` is captured, and cloned each time the function runs.
    /// session.update("cart", Vec::new(), move |mut cart: Vec<String>| {
    ///     cart.push(sku.clone());
    ///     cart
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<T, F>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
        default: T,
        change: F,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        F: Fn(T) -> T + Send + Sync + 'static,
    {
        let key = key.name();
        let update = Update::new(key, default, change);
        for _ in 0..MAX_TRIES {
            let seen = self.change()?.data.get_raw(key).map(str::to_owned);
            let (new, raw) = update.apply(seen.as_deref())?;
            let mut state = self.change()?;
            // Another clone may have been faster while the lock was open.
            if state.data.get_raw(key) == seen.as_deref() {
                let rest = state.update(key, &raw, update.into())?;
                drop(state);
                // Only now, because dropping it may run the caller's code.
                drop(rest);
                return Ok(new);
            }
        }
        Err(Error::new(ErrorKind::Conflict).with_key(key))
    }

    /// Returns the session's id. Asking establishes the session: a new visitor gets a cookie.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if no random id can be generated, and fails like [every write](Self#errors).
    pub fn id(&self) -> Result<SessionId, Error> {
        let mut state = self.look();
        if state.life.id().is_none() {
            state.check_writable()?;
        }
        state.id()
    }

    /// Returns the session's id if it has one, for a log: asking changes nothing and stores nothing.
    #[must_use]
    pub fn peek_id(&self) -> Option<SessionId> {
        self.lock().life.id().cloned()
    }

    /// Gives the session a new id and keeps its data. When the session is saved, the old id stops working.
    ///
    /// Call it on every login, and whenever a user's rights change: anyone who planted or learned the old id does not get
    /// the new rights (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change"). An
    /// absolute lifetime keeps counting.
    ///
    /// For a [grace period](crate::Builder::grace) the old id is known as moved, so that requests that left before the
    /// login cannot undo it: they get an empty session, and their writes are dropped. A second click on "log in" calls
    /// `regenerate` too, and gets a session of its own.
    ///
    /// # Security
    ///
    /// With the cookie driver, which cannot revoke, a copy of the old cookie stays valid until it expires, with the old
    /// data.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if no random id can be generated, and fails like [every write](Self#errors).
    #[doc(alias = "cycle_id")]
    #[doc(alias = "renew")]
    #[doc(alias = "migrate")]
    pub fn regenerate(&self) -> Result<(), Error> {
        self.change()?.regenerate()
    }

    /// Ends the session: logout. The data is gone at once. When the session is saved, its record is removed from the
    /// store, and the cookie from the client. If the client sent no session cookie, there is nothing to remove.
    ///
    /// Whatever is put or flashed afterwards in the same request belongs to a new session.
    ///
    /// # Security
    ///
    /// - With the cookie driver, which cannot revoke, a copy of the cookie stays valid until it expires.
    /// - The record is removed when the session is committed. If the store fails at that moment, the session lives on, the
    ///   client keeps its cookie, and the middleware answers 503 unless
    ///   [`OnSaveFailure::Respond`](crate::OnSaveFailure::Respond) is chosen.
    /// - Only the session under the id that this request came with ends. If an overlapping request regenerated the id
    ///   first, the session lives on under the new id, and the commit fails with [`ErrorKind::Conflict`], so that no page
    ///   says goodbye: the middleware answers 503, and the user logs out again.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors): while the store is unavailable, nobody is logged out.
    #[doc(alias = "purge")]
    #[doc(alias = "invalidate")]
    #[doc(alias = "delete")]
    pub fn destroy(&self) -> Result<(), Error> {
        let ended = self.change()?.destroy()?;
        // Only now that the lock is open again, because dropping it may run the caller's code.
        drop(ended);
        Ok(())
    }

    /// Returns `true` if nothing is stored: nothing yet, or a save or a reload by hand found that the session has ended.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.look().life.origin().is_none()
    }

    /// Returns `true` if there is something to save: a change, or flash from the previous request that must go.
    #[must_use]
    #[doc(alias = "is_dirty")]
    pub fn is_modified(&self) -> bool {
        self.lock().is_modified()
    }

    /// Returns `true` if the store answered when the session was opened. Otherwise the session reads as empty.
    #[must_use]
    pub fn is_available(&self) -> bool {
        !matches!(self.look().life, Life::Unavailable)
    }

    /// Returns when the session ends unless it is renewed, or `None` if nothing is stored.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.look().life.origin()?.expires_at
    }

    /// Returns `true` if the response depends on the session.
    pub(crate) fn is_accessed(&self) -> bool {
        self.lock().is_accessed
    }

    /// Notes that the application took the session: the response depends on it, even if only a body that streams later
    /// reads it.
    pub(crate) fn take(&self) {
        self.lock().is_accessed = true;
    }

    /// Fails writes from now on, without saving anything.
    pub(crate) fn seal(&self) {
        self.lock().is_closed = true;
    }

    /// For a verb that reads.
    pub(crate) fn look(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.is_accessed = true;
        state
    }

    /// For a verb that writes.
    pub(crate) fn change(&self) -> Result<MutexGuard<'_, State>, Error> {
        let mut state = self.look();
        state.check_writable()?;
        state.revision += 1;
        Ok(state)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the keys and a prefix of the id, but no values.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Copies, because the writer may be the caller's code, and the session must not be locked then.
        let (id, data, flash, is_closed) = {
            let state = self.lock();
            let id = state.life.id().cloned();
            (id, state.data.clone(), state.flash.clone(), state.is_closed)
        };
        f.debug_struct("Session")
            .field("id", &id)
            .field("data", &data)
            .field("flash", &flash)
            .field("is_closed", &is_closed)
            .finish_non_exhaustive()
    }
}

/// How often another clone may change a key while a verb runs the caller's code.
const MAX_TRIES: u32 = 1_000;
