//! What the tests share: a service around a driver that can be watched and broken.

mod minimal_driver;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Builder, Clock, Driver, KeyRing, ManualClock, MemoryDriver, Outcome, RawValue, Record, Secret,
    Session, SessionManager, Timestamp,
};

pub(crate) use test_support::Call;
use test_support::probe::Probe;

pub(crate) use self::minimal_driver::MinimalDriver;

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// The default lifetime of a session.
pub(crate) const LIFETIME: Duration = Duration::from_secs(120 * 60);
pub(crate) const SECRET: &str = "interop-secret-0123456789abcdef-0123456789";

/// A manager, its driver, and its clock, which stands still.
pub(crate) struct Service<D = Probe> {
    pub(crate) store: Arc<D>,
    pub(crate) clock: ManualClock,
    pub(crate) manager: SessionManager,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = clock();
        let driver = MemoryDriver::new().with_clock(clock.clone());
        Self::over(Probe::new(driver), clock, configure)
    }

    /// Returns the record with this id, without a call that the probe counts.
    pub(crate) fn stored(&self, id: &str) -> Option<Record> {
        let loaded = block_on(self.store.driver.load(id)).unwrap()?;
        Some(loaded.record)
    }

    pub(crate) fn records(&self) -> usize {
        self.store.driver.len()
    }
}

impl Service<MinimalDriver> {
    pub(crate) fn minimal(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::over(MinimalDriver::default(), clock(), configure)
    }

    pub(crate) fn records(&self) -> usize {
        self.store.len()
    }
}

impl<D: Driver> Service<D> {
    fn over(store: D, clock: ManualClock, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let store = Arc::new(store);
        let builder = SessionManager::builder(store.clone(), secret()).clock(clock.clone());
        let manager = configure(builder).build().unwrap();
        Self {
            store,
            clock,
            manager,
        }
    }

    /// Returns the same service with another primary secret. The current one becomes a previous
    /// secret.
    pub(crate) fn rotated(&self, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let ring = KeyRing::new(Secret::generate().unwrap()).with_previous(secret());
        let builder = SessionManager::builder(self.store.clone(), ring).clock(self.clock.clone());
        Self {
            store: self.store.clone(),
            clock: self.clock.clone(),
            manager: configure(builder).build().unwrap(),
        }
    }

    /// Opens the session of a visitor without a cookie.
    pub(crate) fn visit(&self) -> Session {
        block_on(self.manager.open(None)).unwrap()
    }

    /// Opens the session of a visitor with this cookie.
    pub(crate) fn open(&self, token: &str) -> Session {
        self.open_any(&[token])
    }

    /// Opens the session of a visitor with several cookies.
    pub(crate) fn open_any(&self, tokens: &[&str]) -> Session {
        block_on(self.manager.open(tokens.iter().copied())).unwrap()
    }

    pub(crate) fn commit(&self, session: &Session) -> Outcome {
        block_on(self.manager.commit(session)).unwrap()
    }

    /// Commits a session, and returns the cookie that the client has by then: a new one, or the one that it keeps.
    pub(crate) fn save(&self, session: &Session) -> String {
        match self.commit(session) {
            Outcome::Keep => signed(session.id().unwrap().as_str()),
            outcome => token(&outcome),
        }
    }

    /// Creates a session with the data `{"user":"ada"}` and returns its cookie.
    pub(crate) fn login(&self) -> String {
        self.request(|session| session.put("user", "ada").unwrap())
    }

    /// Runs the first request of a new visitor and returns the cookie.
    pub(crate) fn request(&self, handler: impl FnOnce(&Session)) -> String {
        let session = self.visit();
        handler(&session);
        self.save(&session)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_millis(1_700_000_000_000))
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// Signs a handle with the service's secret.
pub(crate) fn signed(handle: &str) -> String {
    KeyRing::new(secret()).sign(handle.to_owned())
}

/// Returns the token of an outcome that sets a cookie.
pub(crate) fn token(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Set(token) => token.as_str().to_owned(),
        other => panic!("no cookie is set: {other:?}"),
    }
}

/// Returns the id in a token of a server-side driver.
pub(crate) fn id_of(token: &str) -> &str {
    token.rsplit_once('.').unwrap().0
}

pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// Runs `work` on another thread, and fails instead of hanging if it deadlocks.
pub(crate) fn without_deadlock(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(10)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("deadlock"),
        // The sender was also dropped if `work` panicked.
        _ => worker.join().unwrap(),
    }
}
