//! The handle that application code reads and writes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::life::Life;
use super::state::State;
use crate::record::json;
use crate::{Error, SessionId, Timestamp, Values};

/// One request's session.
///
/// Cheap to clone; clones share their state, also across threads. Every verb is synchronous: the session
/// was loaded before the handler runs and is saved after it, so no verb waits, and none holds a lock
/// while it runs code of yours.
///
/// Values are JSON, decoded when they are read: `get::<u32>("n")` is an error, not `None`, where `n` is a
/// text.
///
/// # Errors
///
/// Every write can fail, with
/// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) when the session would outgrow its driver: nothing is changed then;
/// - [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the store did not answer: the session reads as empty, and nothing
///   would be saved;
/// - [`ErrorKind::Closed`](crate::ErrorKind::Closed) when the session was already saved with its response, for example in a
///   task that outlives the request: nothing would be saved either.
///
/// # Overlapping requests
///
/// With a server-side driver, changes of requests that overlap are merged key by key; [`merge`](crate::merge)
/// has the rules. The cookie driver cannot merge: the browser keeps whichever cookie came last.
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
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the stored value is not a `T`; it stays as it is.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        // A copy, because decoding may run code of the caller's, and the session must not be locked then.
        let data = self.look().data.clone();
        data.get(key)
    }

    /// Returns the value of `key`, or `default` where there is none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get): a value of another type is an error and not the default.
    pub fn get_or<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T, Error> {
        Ok(self.get(key)?.unwrap_or(default))
    }

    /// Says whether `key` has a value, be it `null`.
    #[must_use]
    #[doc(alias = "contains_key")]
    pub fn has(&self, key: &str) -> bool {
        self.look().data.contains(key)
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
    /// # Errors
    ///
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when `value` cannot be written as JSON, and as [every write](Self#errors).
    /// The session is left as it was.
    #[doc(alias = "insert")]
    #[doc(alias = "set")]
    pub fn put<T: Serialize>(&self, key: &str, value: T) -> Result<(), Error> {
        let raw = json::encode(key, &value)?;
        self.change()?.put(key, &raw)
    }

    /// Removes `key` and returns its value.
    ///
    /// # Security
    ///
    /// Two requests that overlap may both get the value, so this does not make a token single-use: keep such a token
    /// where taking it is atomic.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the value is not a `T`: it stays in the session then. Also as
    /// [every write](Self#errors).
    #[doc(alias = "remove")]
    #[doc(alias = "take")]
    pub fn pull<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        loop {
            let raw = self.change()?.data.get_raw(key).map(str::to_owned);
            let value = raw
                .as_deref()
                .map(|raw| json::decode(key, raw))
                .transpose()?;
            let mut state = self.change()?;
            // Another clone may have been faster while the lock was open.
            if state.data.get_raw(key) == raw.as_deref() {
                state.data.remove(key);
                state.changes.forget(key);
                return Ok(value);
            }
        }
    }

    /// Removes `key` and says whether it was there.
    ///
    /// # Errors
    ///
    /// As [every write](Self#errors).
    #[doc(alias = "remove")]
    #[doc(alias = "delete")]
    pub fn forget(&self, key: &str) -> Result<bool, Error> {
        let mut state = self.change()?;
        state.changes.forget(key);
        Ok(state.data.remove(key))
    }

    /// Removes all data. The id, and flash in either direction, stay.
    ///
    /// # Errors
    ///
    /// As [every write](Self#errors).
    #[doc(alias = "clear")]
    pub fn flush(&self) -> Result<(), Error> {
        let mut state = self.change()?;
        let seen = std::mem::take(&mut state.data);
        state.changes.flush(&seen);
        Ok(())
    }

    /// Sets `key` to `change(value)` and returns that; the value is `default` where there is none.
    ///
    /// When another request changed the session meanwhile, `change` is run again, on the value that is
    /// stored by then: a counter stays exact. So it should have no effects besides its result, and what
    /// this returns may be older than what is stored in the end. It is kept until the session is committed; a
    /// clone of the session inside it would keep both alive for ever.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the stored value is not a `T`, [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the new one
    /// cannot be written as JSON, and as [every write](Self#errors). The session is left as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn handler(session: session_core::Session) -> Result<(), session_core::Error> {
    /// let visits: u32 = session.update("visits", 0, |visits| visits + 1)?;
    /// session.update("cart", Vec::new(), |mut cart: Vec<String>| {
    ///     cart.push("A-1".to_owned());
    ///     cart
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<T, F>(&self, key: &str, default: T, change: F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        F: Fn(T) -> T + Send + Sync + 'static,
    {
        let name = key.to_owned();
        let run = move |raw: Option<&str>| {
            let old = raw.map(|raw| json::decode(&name, raw)).transpose()?;
            let new = change(old.unwrap_or_else(|| default.clone()));
            let raw = json::encode(&name, &new)?;
            Ok::<_, Error>((new, raw))
        };
        loop {
            let seen = self.change()?.data.get_raw(key).map(str::to_owned);
            let (new, raw) = run(seen.as_deref())?;
            let mut state = self.change()?;
            // Another clone may have been faster while the lock was open.
            if state.data.get_raw(key) == seen.as_deref() {
                let flash = state.changes.flash_next().json_len();
                state.check_size(state.data.json_len_with(key, raw.len()), flash)?;
                state.data.insert_raw(key, &raw);
                state
                    .changes
                    .update(key, &raw, Arc::new(move |raw| Ok(run(raw)?.1)));
                return Ok(new);
            }
        }
    }

    /// Returns the session's id. Asking establishes the session: a new visitor gets a cookie.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Random`](crate::ErrorKind::Random) when the operating system gives no random bytes for a new id, and as
    /// [every write](Self#errors).
    pub fn id(&self) -> Result<SessionId, Error> {
        let mut state = self.look();
        if state.life.id().is_none() {
            state.check_writable()?;
        }
        state.id()
    }

    /// Gives the session a new id and keeps its data. When the session is saved, the old id stops working.
    ///
    /// Call it on every login and whenever a user's rights change: whoever planted or learned the old id
    /// does not get the new rights (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any
    /// Privilege Level Change"). An absolute lifetime goes on counting.
    ///
    /// # Security
    ///
    /// With a driver that cannot revoke, the cookie driver, a copy of the old cookie stays valid until
    /// it expires, with the old data.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Random`](crate::ErrorKind::Random) when the operating system gives no random bytes, and as [every
    /// write](Self#errors).
    #[doc(alias = "cycle_id")]
    #[doc(alias = "renew")]
    #[doc(alias = "migrate")]
    pub fn regenerate(&self) -> Result<(), Error> {
        self.change()?.regenerate()
    }

    /// Ends the session: logout. The data is gone here at once; when the session is saved, its record is
    /// removed from the store and the cookie from the client.
    ///
    /// What is put or flashed afterwards in the same request belongs to a new session.
    ///
    /// # Security
    ///
    /// - With a driver that cannot revoke, the cookie driver, a copy of the cookie stays valid until it expires.
    /// - The record is removed when the session is committed. If the store fails just then, the session lives on and
    ///   the client keeps its cookie, but the handler's page may say otherwise: with
    ///   [`OnSaveFailure::Refuse`](crate::OnSaveFailure::Refuse) the answer is 503 instead.
    /// - It ends the session under the id that this request came with. If an overlapping request regenerated the id
    ///   and was faster, the session under the new id is another one, and lives.
    ///
    /// # Errors
    ///
    /// As [every write](Self#errors): while the store is unavailable nobody is logged out.
    #[doc(alias = "purge")]
    #[doc(alias = "invalidate")]
    #[doc(alias = "delete")]
    pub fn destroy(&self) -> Result<(), Error> {
        let ended = self.change()?.destroy();
        // Only now that the lock is open again: dropping it may run code of the caller's.
        drop(ended);
        Ok(())
    }

    /// Says whether nothing is stored of this session yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.look().life.origin().is_none()
    }

    /// Says whether there is something to save: a change, or flash that has been shown and must go.
    #[must_use]
    #[doc(alias = "is_dirty")]
    pub fn is_modified(&self) -> bool {
        self.lock().is_modified()
    }

    /// Says whether the store answered when the session was opened. If not, the session reads as empty.
    #[must_use]
    pub fn is_available(&self) -> bool {
        !matches!(self.look().life, Life::Unavailable)
    }

    /// Returns when the session ends unless it is renewed. `None` for one of which nothing is stored yet.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.look().life.origin()?.expires_at
    }

    /// Says whether the response depends on the session.
    #[cfg(feature = "http")]
    pub(crate) fn is_accessed(&self) -> bool {
        self.lock().is_accessed
    }

    /// Fails writes from now on, without saving anything.
    #[cfg(feature = "http")]
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
        let state = self.look();
        state.check_writable()?;
        Ok(state)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the keys and a prefix of the id, no value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Session")
            .field("id", &state.life.id())
            .field("data", &state.data)
            .field("flash", &state.flash)
            .field("is_closed", &state.is_closed)
            .finish_non_exhaustive()
    }
}
