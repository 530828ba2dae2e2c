//! `MemoryDriver` passes, bare and behind pointers.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::Subject;
use session_core::{Clock, ManualClock, MemoryDriver, Timestamp};

/// A driver that goes by a clock which the kit moves.
pub(crate) struct Memory {
    driver: Arc<MemoryDriver>,
    clock: ManualClock,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = Arc::new(MemoryDriver::new().with_clock(clock.clone()));
        Self { driver, clock }
    }
}

impl Subject for Memory {
    type Driver = Arc<MemoryDriver>;

    fn driver(&self) -> Self::Driver {
        self.driver.clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

session_core::conformance!(concurrent, Memory::new());
