//! A service whose store can be watched and changed.

use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Driver, Expected, KeyRing, ManualClock, MemoryDriver, Outcome, Record, Saved, Secret, Session,
    SessionManager, Timestamp,
};
use session_sealed::Sealed;
use test_support::probe::Probe;

use crate::{NEW_SECRET, SECRET};

/// A store, its clock, and managers that share them.
pub(crate) struct Store {
    pub(crate) driver: Arc<Probe<MemoryDriver>>,
    pub(crate) clock: ManualClock,
}

impl Store {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = MemoryDriver::new().with_clock(clock.clone());
        Self {
            driver: Arc::new(Probe::new(driver)),
            clock,
        }
    }

    /// Returns a manager that seals records under `keys`.
    pub(crate) fn sealed(&self, keys: &KeyRing) -> SessionManager {
        self.sealed_with(keys, |driver| driver)
    }

    pub(crate) fn sealed_with(
        &self,
        keys: &KeyRing,
        configure: impl FnOnce(Sealed<Arc<Probe<MemoryDriver>>>) -> Sealed<Arc<Probe<MemoryDriver>>>,
    ) -> SessionManager {
        let driver = Sealed::new(self.driver.clone(), keys).unwrap();
        self.manager(configure(driver), keys)
    }

    /// Returns a manager that knows nothing of sealed records.
    pub(crate) fn plain(&self, keys: &KeyRing) -> SessionManager {
        self.manager(self.driver.clone(), keys)
    }

    fn manager(&self, driver: impl Driver, keys: &KeyRing) -> SessionManager {
        SessionManager::builder(driver, keys.clone())
            .clock(self.clock.clone())
            .build()
            .unwrap()
    }

    /// Returns what is stored for the session with this token.
    pub(crate) fn stored(&self, token: &str) -> Record {
        let (id, _) = token.rsplit_once('.').unwrap();
        let loaded = block_on(self.driver.driver.load(id)).unwrap();
        loaded.unwrap().record
    }

    /// Replaces a stored record.
    pub(crate) fn replace(&self, record: &Record) {
        let driver = &self.driver.driver;
        let held = block_on(driver.load(record.id().as_str()))
            .unwrap()
            .unwrap();
        let save = driver.save(record, Expected::Version(&held.version), LIFETIME);
        assert!(matches!(block_on(save), Ok(Saved::Done { .. })));
    }
}

pub(crate) fn old_keys() -> KeyRing {
    KeyRing::new(Secret::new(SECRET).unwrap())
}

pub(crate) fn new_keys() -> KeyRing {
    KeyRing::new(Secret::new(NEW_SECRET).unwrap())
}

/// Returns the ring while the secret changes.
pub(crate) fn both_keys() -> KeyRing {
    new_keys().with_previous(Secret::new(SECRET).unwrap())
}

/// Creates a session with the data `{"user":"ada"}` and returns its token.
pub(crate) fn log_in(manager: &SessionManager) -> String {
    let session = block_on(manager.open(None)).unwrap();
    session.put("user", "ada").unwrap();
    token(&commit(manager, &session)).unwrap()
}

pub(crate) fn open(manager: &SessionManager, token: &str) -> Session {
    block_on(manager.open([token])).unwrap()
}

pub(crate) fn user(manager: &SessionManager, token: &str) -> Option<String> {
    open(manager, token).get("user").unwrap()
}

pub(crate) fn commit(manager: &SessionManager, session: &Session) -> Outcome {
    block_on(manager.commit(session)).unwrap()
}

pub(crate) fn token(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Set(token) => Some(token.as_str().to_owned()),
        Outcome::Keep | Outcome::Clear => None,
    }
}

/// The default lifetime of a session.
pub(crate) const LIFETIME: Duration = Duration::from_secs(120 * 60);

/// A sealed driver, and a clock that moves.
pub(crate) struct SealedMemory {
    pub(crate) driver: Arc<Sealed<MemoryDriver>>,
    pub(crate) clock: ManualClock,
}

impl SealedMemory {
    pub(crate) fn new() -> Self {
        let clock = Store::new().clock;
        let driver = MemoryDriver::new().with_clock(clock.clone());
        Self {
            driver: Arc::new(Sealed::new(driver, &both_keys()).unwrap()),
            clock,
        }
    }
}
