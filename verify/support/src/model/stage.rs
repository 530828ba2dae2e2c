//! The store under test.

use std::time::Duration;

use session_core::{Driver, ManualClock};

/// A driver with an empty store, and time that moves.
pub trait Stage {
    /// The driver.
    type Driver: Driver;

    /// What the driver is called.
    fn name(&self) -> &'static str;

    /// The driver.
    fn driver(&self) -> Self::Driver;

    /// The clock that it goes by.
    fn clock(&self) -> ManualClock;

    /// Who keeps the records.
    fn keeps(&self) -> Keeps;

    /// How finely the store measures time. Default: exactly, by the clock.
    fn grain(&self) -> Duration {
        Duration::ZERO
    }

    /// Lets time pass, on the clock and in the store. Default: on the clock only.
    fn pass(&self, time: Duration) -> impl Future<Output = ()> {
        self.clock().advance(time);
        std::future::ready(())
    }

    /// Writes the JSON of a record to where the driver keeps the one with this id, for `ttl`, as other software does, and
    /// says whether it did. Default: it cannot.
    fn plant(&self, id: &str, json: &str, ttl: Duration) -> impl Future<Output = bool> {
        let _ = (id, json, ttl);
        std::future::ready(false)
    }
}

/// Who keeps the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// A store: a handle is an id, and requests that overlap are merged.
    Server,
    /// The client: a handle is the record, and nothing can be taken back.
    Client,
}
