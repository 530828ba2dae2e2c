//! What the integration tests share: a store that can be watched and broken, and a service around it.

// Every test binary uses a part of this.
#![allow(dead_code, unused_imports)]

mod plain;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Builder, Clock, Driver, ManualClock, Outcome, Record, Secret, Session, SessionManager,
    Timestamp,
};

pub(crate) use self::plain::Plain;
pub(crate) use self::probe::{Op, Probe};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// The default lifetime of a session.
pub(crate) const LIFETIME: Duration = Duration::from_secs(120 * 60);
pub(crate) const SECRET: &str = "interop-secret-0123456789abcdef-0123456789";

/// A service: a manager over a driver that the test keeps hold of, with a clock that stands still.
pub(crate) struct Site<D = Probe> {
    pub(crate) store: Arc<D>,
    pub(crate) clock: ManualClock,
    pub(crate) manager: SessionManager,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = clock();
        Self::over(Probe::new(clock.clone()), clock, configure)
    }

    /// The record with this id as the store holds it, without the store counting that.
    pub(crate) fn stored(&self, id: &str) -> Option<Record> {
        self.store.peek(id)
    }
}

impl Site<Plain> {
    pub(crate) fn plain(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::over(Plain::default(), clock(), configure)
    }
}

impl<D: Driver> Site<D> {
    pub(crate) fn over(
        store: D,
        clock: ManualClock,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let store = Arc::new(store);
        let builder = SessionManager::builder(store.clone(), secret()).clock(clock.clone());
        let manager = configure(builder).build().unwrap();
        Self {
            store,
            clock,
            manager,
        }
    }

    /// Opens the session of a visitor without a cookie.
    pub(crate) fn visit(&self) -> Session {
        block_on(self.manager.open(None)).unwrap()
    }

    /// Opens the session of a visitor with this cookie.
    pub(crate) fn open(&self, token: &str) -> Session {
        block_on(self.manager.open([token])).unwrap()
    }

    pub(crate) fn commit(&self, session: &Session) -> Outcome {
        block_on(self.manager.commit(session)).unwrap()
    }

    /// Commits a session that has something to save, and returns its cookie.
    pub(crate) fn save(&self, session: &Session) -> String {
        token(&self.commit(session))
    }

    /// Makes a session whose data is `{"user":"ada"}`, and returns its cookie.
    pub(crate) fn login(&self) -> String {
        self.request(|session| session.put("user", "ada").unwrap())
    }

    /// Runs a first request of a new visitor, and returns its cookie.
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

/// The token of an outcome that sets one.
pub(crate) fn token(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Set(token) => token.as_str().to_owned(),
        other => panic!("no cookie is set: {other:?}"),
    }
}

/// The id that a token of a server-side store carries.
pub(crate) fn id_of(token: &str) -> &str {
    token.rsplit_once('.').unwrap().0
}
