//! The trait that stores implement, and its contract.

mod answers;
mod forward;
#[cfg(feature = "memory")]
pub(crate) mod memory;
#[cfg(feature = "memory")]
mod shard;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use self::answers::{Capacity, Expected, Loaded, Retired, Saved, Touched};
use crate::{Error, Record, SessionId, Version};

/// A store for session records.
///
/// ```
/// # use session_core::{async_trait, Capacity, Error, Expected, Loaded, Record, Retired, Saved, SessionId};
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
///     async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error>;
///     async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error>;
///     fn capacity(&self) -> Capacity;
/// }
/// ```
///
/// The defaults are correct for a store used by one request at a time, and each says what a better store does.
///
/// # Contract
///
/// 1. **Handles are verified, and still strange.** The [`SessionManager`](crate::SessionManager) signs every handle
///    that `save` returns and passes none to `load` whose signature it did not verify. A handle may be old,
///    unknown, or made by other software with the same secret: long, or with `/`, `..`, wildcards or spaces in it.
///    Answer `Ok(None)`, never panic, and never use it as a path or a pattern unchecked. Handles and ids are compared
///    exactly: not without case, not trimmed.
/// 2. **`Ok(None)` means "no session", `Err` means "the store failed".** What cannot be read as a record, or carries
///    another id than its handle names, is no session; leave it alone. A save onto it stores nothing and answers
///    `Saved::Conflict(None)`.
/// 3. **Round trip.** `load` returns what the last successful `save` stored, every value's text unchanged.
///    [`Record::to_json`] and [`Record::from_json`] do that.
/// 4. **Expiry.** A record ends `ttl` after it was saved or touched, be that zero or decades. A driver may forget it then
///    or still return it, but whatever it returns has a true [`Record::expires_at`]: the manager refuses what is past,
///    and what has no end. A store that does not expire by itself is swept by its driver, for example a few records
///    with every save.
/// 5. **Compare and set.** With [`Expected::Version`] a record is stored only while the store holds exactly that
///    version, with [`Expected::Absent`] only while it holds none, checked and stored in one step, which excludes
///    `touch`, `retire` and `destroy` of the same record. Otherwise nothing is changed, not even the expiry, and
///    [`Saved::Conflict`] brings what the store holds, as a load would. `retire` compares in the same way.
/// 6. **Versions do not come back.** A record that is saved gets a version that it did not have before, even if it is
///    saved as it was, or changed and changed back, or made anew under its id after a restart: overlapping requests
///    tell flash apart by it. In memory, count all saves; in a table, take the number from a sequence;
///    [`Version::random`] serves elsewhere. A touch keeps the version.
/// 7. **Nothing rises.** A save with `Expected::Version` onto a record that is gone (destroyed, retired, evicted, or
///    forgotten at its end) stores nothing and answers `Saved::Conflict(None)`; a touch of it answers
///    [`Touched::Gone`].
/// 8. **Destroy is final and idempotent.** After `Ok`, no `load` returns the record, through no connection, and nor does
///    one after [`Retired::Done`]. Destroying what is not there is `Ok`. Only [`Expected::Absent`] stores a record under
///    that id again.
/// 9. **No lock across requests.** Methods may run concurrently, no load need be followed by a save, and futures may be
///    dropped at any await: what a dropped future left is either the old record or the new one, and no lock.
/// 10. **In time.** A store that does not answer is an `Err` within two seconds or so, not a request that hangs. Do not
///     block the thread either: a blocking store belongs on its runtime's threads for such work.
/// 11. **Silent.** The driver's `Debug` shows up in that of the manager: it shows no id and no record.
/// 12. **True to its word.** [`can_revoke`](Self::can_revoke) says whether `destroy` ends a session also for whoever has
///     its handle. A record as large as [`capacity`](Self::capacity) says is stored. A handle is fit for a cookie, and
///     where the record does not live in it, it names its record for as long as that lives, whatever is saved.
///
/// Where the record lives in the handle, there is nothing to compare and nothing to end: a driver whose `can_revoke` is
/// false is not bound by rules 5 to 8, but for the `Ok` of `destroy`.
///
/// The module `conformance`, a feature for tests, puts a driver to the test of each rule.
///
/// A driver that keeps expiries itself takes a [`Clock`](crate::Clock), as [`MemoryDriver`](crate::MemoryDriver) does,
/// so that its tests share the manager's.
///
/// # Examples
///
/// A whole driver, over a map. It passes the conformance kit at its level *revocable*. A `touch` would save it work, and
/// a `retire` close a gap of `regenerate` and make it *concurrent*; [`MemoryDriver`](crate::MemoryDriver) has both.
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
///         Ok(Saved::Done { handle: record.id().as_str().to_owned() })
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
/// # let report = report(Level::Revocable, || std::sync::Arc::new(MapDriver::default()));
/// # assert_eq!(report.failures().count(), 0, "{report}");
/// # }
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

    /// Says whether [`destroy`](Self::destroy) really ends a session, also for whoever copied the cookie. False where
    /// the record lives in the cookie: the manager then does not ask for what the store cannot do, to retire a record
    /// or to look whether it is still there.
    fn can_revoke(&self) -> bool;

    /// Sets a record's life to `ttl` from now, longer or shorter. Only its expiry changes: not its version.
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
    /// The default looks at the record and destroys it, so a write between the two is lost. A store with
    /// compare-and-set compares and removes in one step.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] when the store failed.
    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        let Some(held) = self.load(id.as_str()).await? else {
            return Ok(Retired::Gone);
        };
        if held.version != *version {
            return Ok(Retired::Changed(Box::new(held)));
        }
        self.destroy(id).await?;
        Ok(Retired::Done)
    }

    /// Returns how much one record may hold. Default: [`Capacity::Unlimited`].
    fn capacity(&self) -> Capacity {
        Capacity::Unlimited
    }
}
