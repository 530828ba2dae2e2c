//! The trait that stores implement, and its contract.

mod answers;
mod forward;
pub(crate) mod immediate;
#[cfg(feature = "memory")]
pub(crate) mod memory;
#[cfg(feature = "memory")]
mod shard;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use self::answers::{Capacity, Expected, Loaded, Saved, Touched};
use self::immediate::Immediate;
use crate::{Error, Record, SessionId, Version};

/// A store for session records.
///
/// ```
/// # use session_core::{async_trait, Capacity, Error, Expected, Immediate, Loaded, Record, Saved, SessionId};
/// # use session_core::{Touched, Version};
/// # use std::time::Duration;
/// #[async_trait]
/// trait Driver {
///     async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error>;
///     async fn save(&self, record: &Record, expected: Expected<'_>, ttl: Duration) -> Result<Saved, Error>;
///     async fn destroy(&self, id: &SessionId) -> Result<(), Error>;
///     fn can_revoke(&self) -> bool;
///
///     // These have defaults.
///     async fn touch(&self, record: &Record, version: &Version, ttl: Duration) -> Result<Touched, Error>;
///     fn capacity(&self) -> Capacity;
///     async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error>;
///     fn is_sealed(&self) -> bool;
///     fn immediate(&self) -> Option<&dyn Immediate>;
/// }
/// ```
///
/// # Contract
///
/// 1. **A verified handle is still untrusted input.** The [`SessionManager`](crate::SessionManager) signs every handle
///    that `save` returns, and passes `load` only handles whose signature it has verified. A handle may still be old,
///    unknown, or made by other software with the same secret: long, or containing `/`, `..`, wildcards or spaces.
///    Answer `Ok(None)`, never panic, and never use a handle as a path or a pattern unchecked. Compare handles and ids
///    exactly: case matters, and nothing is trimmed. Store an id of any length. A save may fail with an error if the id
///    contains a character that is not valid in a cookie, such as NUL, but it never stores the record under another id.
/// 2. **`Ok(None)` means "no session", `Err` means "the store failed".** Data that is not a record, or that carries
///    another id than its handle names, counts as no session. Leave it alone. A save onto it stores nothing and returns
///    `Saved::Conflict(None)`.
/// 3. **Round trip.** `load` returns what the last successful `save` stored, with the text of every value unchanged.
///    [`Record::to_json`] and [`Record::from_json`] take care of that.
/// 4. **Expiry.** A record ends `ttl` after it was saved or touched, whether that is zero or decades. After that the
///    driver may forget the record or still return it, but [`Record::expires_at`] of whatever it returns is accurate:
///    the manager rejects records that have ended and records without an end. If the store does not expire records
///    itself, the driver sweeps it, for example a few records with every save.
/// 5. **Compare and set.** With [`Expected::Version`], a record is stored only if the store holds exactly that version.
///    With [`Expected::Absent`], it is stored only if the store holds none. Comparing and storing is one atomic step that
///    excludes `touch` and `destroy` of the same record. Otherwise nothing changes, not even the expiry, and
///    [`Saved::Conflict`] returns what the store holds, as `load` would. `touch` compares in the same way.
/// 6. **Versions are never reused.** Every save gives the record a version that it never had before, even if the record
///    is unchanged, was changed and changed back, or was created again under its id after a restart. Overlapping
///    requests use versions to tell flash apart. In memory, count all saves. In a table, take the number from a
///    sequence. Elsewhere, use [`Version::random`]. A touch keeps the version. [`Saved::Done`] returns the version that the
///    next load will.
/// 7. **Ended sessions are never resurrected.** A save with `Expected::Version` onto a record that is gone, whether
///    destroyed, evicted or expired, stores nothing and returns `Saved::Conflict(None)`. A touch returns
///    [`Touched::Gone`].
/// 8. **Destroy is final and idempotent.** After `Ok`, no `load` returns the record, through any connection. Destroying a
///    record that does not exist is `Ok`. Only [`Expected::Absent`] stores a record under that id again.
/// 9. **No lock across requests.** Methods may run concurrently, a load need not be followed by a save, and a future may
///    be dropped at any await. A dropped future leaves either the old record or the new one, and no lock.
/// 10. **In time.** A store that does not answer is an `Err` within about two seconds, not a request that hangs. Do not
///     block the thread either: run a blocking store on the runtime's threads for blocking work.
/// 11. **Silent.** The driver's `Debug` output is part of the manager's. It shows no id and no record.
/// 12. **Capabilities are reported accurately.** [`can_revoke`](Self::can_revoke) tells whether `destroy` also ends the
///     session for anyone who copied its handle. A record of the size that [`capacity`](Self::capacity) allows is stored.
///     A handle is valid in a cookie. If the record does not live in the handle, the handle names the record for as long
///     as it lives, whatever is saved. An [immediate](Self::immediate) driver answers the same both ways.
/// 13. **The index misses no live session.** If [`owned_by`](Self::owned_by) returns a list, it names every record that was
///     saved with this [owner](Record::owner) and has lived since before the call, however its life was extended. It may
///     name records that have ended or have another owner by now. An owner is any text of any length. Write the index in
///     the same atomic step as the record, or before it.
///
/// If the record lives in the handle, there is nothing to compare and nothing to end. Rules 5 to 8 do not apply to a
/// driver whose `can_revoke` returns `false`, except that `destroy` returns `Ok`.
///
/// The `conformance` module, a feature for tests, tests a driver against each rule.
///
/// A driver that tracks expiry itself takes a [`Clock`](crate::Clock), as [`MemoryDriver`](crate::MemoryDriver) does, so
/// that its tests share the manager's clock.
///
/// # Examples
///
/// A complete driver over a map. A `touch` would save it work; [`MemoryDriver`](crate::MemoryDriver) has one.
///
/// ```
/// use std::{collections::HashMap, fmt, sync::Mutex, time::Duration};
/// use session_core::{
///     async_trait, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Version,
/// };
///
/// #[derive(Default)]
/// struct MapDriver(Mutex<Map>);
///
/// #[derive(Default)]
/// struct Map {
///     saves: u64,
///     records: HashMap<SessionId, (u64, Record)>,
/// }
///
/// impl Map {
///     fn loaded(&self, id: &str) -> Option<Loaded> {
///         let (version, record) = self.records.get(id)?;
///         Some(Loaded::new(record.clone(), Version::number(*version)))
///     }
/// }
///
/// #[async_trait]
/// impl Driver for MapDriver {
///     async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
///         // The record knows its expiry, so the manager refuses it once that is past.
///         Ok(self.0.lock().unwrap().loaded(handle))
///     }
///
///     async fn save(&self, record: &Record, expected: Expected<'_>, _: Duration) -> Result<Saved, Error> {
///         let mut map = self.0.lock().unwrap();
///         let held = map.loaded(record.id().as_str());
///         match (expected, &held) {
///             (Expected::Absent, None) => {}
///             (Expected::Version(version), Some(held)) if *version == held.version => {}
///             _ => return Ok(Saved::Conflict(held.map(Box::new))),
///         }
///         map.saves += 1;
///         let stored = (map.saves, record.clone());
///         map.records.insert(record.id().clone(), stored);
///         Ok(Saved::Done {
///             handle: record.id().as_str().to_owned(),
///             version: Version::number(map.saves),
///         })
///     }
///
///     async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
///         self.0.lock().unwrap().records.remove(id);
///         Ok(())
///     }
///
///     fn can_revoke(&self) -> bool {
///         true
///     }
/// }
///
/// impl fmt::Debug for MapDriver {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("MapDriver")
///     }
/// }
/// # use session_core::{Outcome, Secret, SessionManager};
/// # pollster::block_on(async {
/// # let manager = SessionManager::builder(MapDriver::default(), Secret::generate()?).build()?;
/// # let session = manager.open(None).await?;
/// # session.put("n", 0)?;
/// # let Outcome::Set(token) = manager.commit(&session).await? else { panic!() };
/// # let (a, b) = (manager.open([token.as_str()]).await?, manager.open([token.as_str()]).await?);
/// # a.update("n", 0, |n| n + 1)?;
/// # b.update("n", 0, |n| n + 1)?;
/// # manager.commit(&a).await?;
/// # manager.commit(&b).await?;
/// # let (slow, logout) = (manager.open([token.as_str()]).await?, manager.open([token.as_str()]).await?);
/// # assert_eq!(slow.get("n")?, Some(2));
/// # logout.destroy()?;
/// # manager.commit(&logout).await?;
/// # slow.put("n", 7)?;
/// # assert_eq!(manager.commit(&slow).await?, Outcome::Keep);
/// # assert!(manager.open([token.as_str()]).await?.is_new());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # #[cfg(feature = "conformance")]
/// # {
/// # use session_core::conformance::{report, Level};
/// # let report = report(Level::Concurrent, || std::sync::Arc::new(MapDriver::default()));
/// # assert_eq!(report.failures().count(), 0, "{report}");
/// # }
/// ```
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Returns the record that `handle` names.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the store failed.
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error>;

    /// Stores `record` for `ttl` if the store still holds what is `expected`.
    ///
    /// `record.expires_at()` is `ttl` from now by the manager's clock.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the store failed.
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
    /// Returns [`Error::unavailable`] if the store failed. The session then counts as still alive.
    async fn destroy(&self, id: &SessionId) -> Result<(), Error>;

    /// Returns `true` if [`destroy`](Self::destroy) ends the session for everyone, including anyone who copied the cookie.
    ///
    /// It is `false` for a driver whose records live in the cookie. The manager then does not ask for what the store
    /// cannot do: to mark a record as moved, or to look whether it still exists.
    fn can_revoke(&self) -> bool;

    /// Sets the life of the stored record to `ttl` from now, longer or shorter, if the store still holds `version`. Only the
    /// expiry changes, not the version. `record` is for the id and the owner; it is not stored.
    ///
    /// The default returns [`Touched::MustSave`], and the manager saves the record again.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the store failed.
    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        let _ = (record, version, ttl);
        Ok(Touched::MustSave)
    }

    /// Returns how much one record may hold. Default: [`Capacity::Unlimited`].
    fn capacity(&self) -> Capacity {
        Capacity::Unlimited
    }

    /// Returns the ids of all sessions of this [owner](Record::owner), in any order. It may name sessions that have ended:
    /// the manager checks each.
    ///
    /// The default returns `None`: the driver has no index of owners.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the store failed.
    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        let _ = owner;
        Ok(None)
    }

    /// Returns `true` if every record that the driver writes is encrypted. Default: `false`.
    ///
    /// Settings that ask for encryption reject any other driver.
    fn is_sealed(&self) -> bool {
        false
    }

    /// Returns the driver as one that never waits, if it is one. Default: `None`.
    ///
    /// A wrapper that changes what a load or a save does must not pass on that of the driver inside it.
    fn immediate(&self) -> Option<&dyn Immediate> {
        None
    }
}
