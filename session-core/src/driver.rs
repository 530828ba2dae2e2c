//! The trait that stores implement.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Error, Record, SessionId};

/// A store for session records.
///
/// Four methods make a driver: [`load`](Self::load), [`save`](Self::save), [`destroy`](Self::destroy)
/// and [`can_revoke`](Self::can_revoke). The others have defaults that are correct for a store used
/// by one request at a time, and say what a better store does.
///
/// # Contract
///
/// 1. **Handles are verified.** The [`SessionManager`](crate::SessionManager) signs every handle that
///    `save` returns and passes none to `load` whose signature it did not verify. A handle may still be
///    old, unknown, or made by other software with the same secret: answer `Ok(None)`, never panic.
/// 2. **`Ok(None)` means "no session", `Err` means "the store failed".** What cannot be read as a
///    record, or carries another id than its handle names, is no session; leave it alone.
/// 3. **Round trip.** `load` returns what the last successful `save` stored, every value's text
///    unchanged. [`Record::to_json`] and [`Record::from_json`] do that.
/// 4. **Expiry.** A record ends `ttl` after it was saved or touched. A driver either forgets it then
///    or returns it with a true [`Record::expires_at`]: the manager refuses what is past.
/// 5. **Compare and set.** With [`Expected::Version`] a record is stored only while the store holds
///    exactly that version, with [`Expected::Absent`] only while it holds none, checked and stored in
///    one step. Otherwise nothing is changed and [`Saved::Conflict`] brings what the store holds.
/// 6. **Versions do not come back.** A record that is saved gets a version that it did not have before, even if
///    it is saved as it was, or changed and changed back: overlapping requests tell flash apart by it. A touch
///    keeps the version.
/// 7. **Nothing rises.** A save with `Expected::Version` onto a record that is gone (destroyed,
///    expired, evicted) stores nothing and answers `Saved::Conflict(None)`.
/// 8. **Destroy is final and idempotent.** After `Ok`, no `load` returns the record; destroying what is
///    not there is `Ok`.
/// 9. **No lock across requests.** Methods may run concurrently and their futures may be dropped at
///    any await: what a dropped future left is either the old record or the new one.
/// 10. **In time.** A store that does not answer is an `Err` within two seconds or so, not a request
///    that hangs.
///
/// # Examples
///
/// A driver over a map, correct but for compare-and-set; [`MemoryDriver`](crate::MemoryDriver) is a
/// complete one.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Duration};
/// use session_core::{
///     async_trait, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Version,
/// };
///
/// #[derive(Debug, Default)]
/// struct Map(Mutex<HashMap<String, String>>);
///
/// #[async_trait]
/// impl Driver for Map {
///     async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
///         let json = self.0.lock().unwrap().get(handle).cloned();
///         // The JSON holds the expiry, so the manager can refuse what is past.
///         let record = json.and_then(|json| Record::from_json(&json).ok());
///         Ok(record.map(|record| Loaded::new(record, Version::none())))
///     }
///
///     async fn save(&self, record: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
///         let id = record.id().as_str().to_owned();
///         self.0.lock().unwrap().insert(id.clone(), record.to_json());
///         Ok(Saved::Done { handle: id })
///     }
///
///     async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
///         self.0.lock().unwrap().remove(id.as_str());
///         Ok(())
///     }
///
///     fn can_revoke(&self) -> bool {
///         true
///     }
/// }
/// ```
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Returns the record that `handle` names.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed.
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error>;

    /// Stores `record` for `ttl` if the store still holds what is `expected`.
    ///
    /// `record.expires_at()` is `ttl` from now by the manager's clock.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed.
    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error>;

    /// Removes the record with this id, whatever its version.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed: the caller must not believe in the logout then.
    async fn destroy(&self, id: &SessionId) -> Result<(), Error>;

    /// Says whether [`destroy`](Self::destroy) really ends a session, also for whoever copied the
    /// cookie. False where the record lives in the cookie.
    fn can_revoke(&self) -> bool;

    /// Extends a record's life to `ttl` from now. Neither the record nor its version changes.
    ///
    /// The default answers [`Touched::MustSave`]: the manager saves the record again.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed.
    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        let _ = (id, ttl);
        Ok(Touched::MustSave)
    }

    /// Removes the record that [`regenerate`](crate::Session::regenerate) replaces, if it is still
    /// `version`.
    ///
    /// The default looks whether the record is there and destroys it, so a write between the two is
    /// lost. A store with compare-and-set compares and removes in one step.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed.
    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        let _ = version;
        if self.load(id.as_str()).await?.is_none() {
            return Ok(Retired::Gone);
        }
        self.destroy(id).await?;
        Ok(Retired::Done)
    }

    /// Returns how much one record may hold. Default: [`Capacity::Unlimited`].
    fn capacity(&self) -> Capacity {
        Capacity::Unlimited
    }
}

/// A record with the version that the store holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The record.
    pub record: Record,
    /// What to expect when it is saved.
    pub version: Version,
}

impl Loaded {
    /// Creates the answer of a load.
    #[must_use]
    pub const fn new(record: Record, version: Version) -> Self {
        Self { record, version }
    }
}

/// What a store compares before it sets: a counter, a hash, the stored bytes. Opaque to the core.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(VersionRepr);

#[derive(Clone, PartialEq, Eq)]
enum VersionRepr {
    None,
    Number(u64),
    Bytes(Bytes),
}

impl Version {
    /// The version of a store that cannot compare.
    #[must_use]
    pub const fn none() -> Self {
        Self(VersionRepr::None)
    }

    /// A version that is a number, such as a counter in a column.
    #[must_use]
    pub const fn number(number: u64) -> Self {
        Self(VersionRepr::Number(number))
    }

    /// A version that is bytes: a hash of what is stored, or the stored bytes themselves, which are not copied.
    ///
    /// What is stored must then differ each time, as rule 6 of the [contract](Driver#contract) says.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(VersionRepr::Bytes(bytes.into()))
    }

    /// Returns the number, if it was made from one.
    #[must_use]
    pub const fn as_number(&self) -> Option<u64> {
        match self.0 {
            VersionRepr::Number(number) => Some(number),
            VersionRepr::None | VersionRepr::Bytes(_) => None,
        }
    }

    /// Returns the bytes, if it was made from bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            VersionRepr::Bytes(bytes) => Some(bytes),
            VersionRepr::None | VersionRepr::Number(_) => None,
        }
    }
}

/// Bytes are shown as their number only: they may be the record itself.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            VersionRepr::None => f.write_str("Version(none)"),
            VersionRepr::Number(number) => write!(f, "Version({number})"),
            VersionRepr::Bytes(bytes) => write!(f, "Version({} bytes)", bytes.len()),
        }
    }
}

/// What must be in the store for a save to take place.
///
/// Exhaustive on purpose: a driver that ignored a new case would lose updates.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// No record with this id.
    Absent,
    /// The record in this version.
    Version(&'a Version),
}

/// The answer to a save. Exhaustive, as [`Expected`] is.
#[derive(Clone, Debug)]
pub enum Saved {
    /// The record is stored. `handle` is what the cookie shall carry, before it is signed: the id for
    /// a server-side store. It must be fit for a cookie (RFC 6265: no spaces, quotes, commas,
    /// semicolons, backslashes or control characters).
    Done {
        /// The handle.
        handle: String,
    },
    /// Nothing was stored, because the store holds this instead; `None`: it holds nothing.
    // Boxed, so that the common answer stays small.
    Conflict(Option<Box<Loaded>>),
}

/// The answer to a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The record lives longer now.
    Done,
    /// There is no such record any more.
    Gone,
    /// This store can extend a record only by saving it.
    MustSave,
}

/// The answer to a retirement.
#[derive(Clone, Debug)]
pub enum Retired {
    /// The record was there in the expected version and is gone now.
    Done,
    /// There was no such record any more.
    Gone,
    /// Another request changed the record meanwhile; it is still there, like this.
    Changed(Box<Loaded>),
}

/// How much one record may hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Capacity {
    /// As much as the core itself allows: 1 GiB of JSON.
    Unlimited,
    /// At most so many bytes of the record's JSON.
    Json(usize),
    /// The record travels in the handle, so that the cookie is the limit: 4096 bytes of name and value
    /// once signed (RFC 6265, "Implementation Limits").
    Cookie {
        /// Returns the length of the handle, in bytes, for a record of so many bytes of JSON.
        handle_len: fn(usize) -> usize,
    },
}

macro_rules! forward {
    ($($pointer:ident)*) => {$(
        #[async_trait]
        impl<D: Driver + ?Sized> Driver for $pointer<D> {
            async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
                (**self).load(handle).await
            }

            async fn save(&self, record: &Record, expected: Expected<'_>, ttl: Duration) -> Result<Saved, Error> {
                (**self).save(record, expected, ttl).await
            }

            async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
                (**self).destroy(id).await
            }

            fn can_revoke(&self) -> bool {
                (**self).can_revoke()
            }

            async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
                (**self).touch(id, ttl).await
            }

            async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
                (**self).retire(id, version).await
            }

            fn capacity(&self) -> Capacity {
                (**self).capacity()
            }
        }
    )*};
}

forward!(Arc Box);
