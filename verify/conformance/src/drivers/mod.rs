//! The drivers, and where each stores the sessions of one scenario.

mod cookie;
mod database;
mod memory;
mod redis;

use std::time::Duration;

use session_core::{Driver, DriverName, ManualClock, async_trait};

use self::cookie::{Cookie, EncryptedCookie};
use self::database::Database;
use self::memory::Memory;
use self::redis::Redis;

/// Returns every driver that the suite tests, in the table's order.
pub(crate) fn all() -> Vec<Box<dyn TestedDriver>> {
    vec![
        Box::new(Cookie),
        Box::new(EncryptedCookie),
        Box::new(Memory),
        Box::<Redis>::default(),
        Box::new(Database::new(DriverName::Postgres)),
        Box::new(Database::new(DriverName::MySql)),
        Box::new(Database::new(DriverName::Sqlite)),
    ]
}

/// A driver under test, and any server that its scenarios share.
#[async_trait]
pub(crate) trait TestedDriver: Send + Sync {
    /// Returns the driver's name in settings.
    fn driver(&self) -> DriverName;

    /// Returns the name in the table.
    fn name(&self) -> String {
        self.driver().to_string()
    }

    fn storage(&self) -> Storage;

    /// Returns the adapter that alone is tested with this driver, or `None` if all are.
    fn only_adapter(&self) -> Option<&'static str> {
        None
    }

    /// Returns a store without records.
    ///
    /// With `own_server`, its server serves only this scenario, which may break it.
    async fn start(&self, clock: &ManualClock, own_server: bool) -> Box<dyn Backend>;
}

/// Where sessions are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Cookie,
    Process,
    Server,
}

/// The store of one scenario.
pub(crate) trait Backend: Send + Sync {
    fn driver(&self) -> Box<dyn Driver>;

    fn record_count(&self) -> usize;

    /// Ages the records of a store that does not use the scenario's clock.
    fn age(&self, _step: Duration) {}

    /// Returns the stored record as other programs read it.
    fn stored_json(&self, _id: &str) -> String {
        panic!("no other program reads this store")
    }

    /// Returns the server that this scenario may break.
    fn own_server(&self) -> &dyn BreakableServer {
        panic!("this scenario has no server of its own")
    }
}

pub(crate) trait BreakableServer {
    /// Kills the process, as a crash does.
    fn kill(&self);

    /// Starts a killed process again, with the data that it had written to disk.
    fn restart(&self);

    /// Stops the process without closing its connections.
    fn pause(&self);

    /// Continues a paused process.
    fn resume(&self);
}
