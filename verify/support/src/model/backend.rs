//! The driver under test.

use std::time::Duration;

use session_core::{Driver, ManualClock};

/// A driver with an empty store and a clock that the model controls.
pub trait Backend {
    /// The type of the driver.
    type Driver: Driver;

    /// Returns the name of the driver.
    fn name(&self) -> &'static str;

    /// Returns the driver.
    fn driver(&self) -> Self::Driver;

    /// Returns the driver's clock.
    fn clock(&self) -> ManualClock;

    /// Returns where records live.
    fn storage(&self) -> Storage;

    /// Returns `true` if cookies that carry the whole record are encrypted. Default: they are not.
    fn is_encrypted(&self) -> bool {
        false
    }

    /// Returns the resolution of the store's time. Default: zero, because it follows the clock
    /// exactly.
    fn grain(&self) -> Duration {
        Duration::ZERO
    }

    /// Advances the time of the clock and of the store. Default: advances the clock only.
    fn pass(&self, time: Duration) -> impl Future<Output = ()> {
        self.clock().advance(time);
        std::future::ready(())
    }

    /// Replaces the record with this id behind the driver's back, as other software might, with a
    /// TTL of `ttl`. Returns `true` if that is possible. Default: it is not.
    fn plant(&self, id: &str, json: &str, ttl: Duration) -> impl Future<Output = bool> {
        let _ = (id, json, ttl);
        std::future::ready(false)
    }
}

/// Where records live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a store. A handle is an id, and overlapping requests are merged.
    Server,
    /// In the cookie. A handle is the whole record, and nothing can be revoked.
    Client,
}
