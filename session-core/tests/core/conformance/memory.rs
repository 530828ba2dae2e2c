//! `MemoryDriver` passes, with and without a pointer around it.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::{InArc, InBox, Level, Subject, report};
use session_core::{Clock, ManualClock, MemoryDriver};

use crate::common::clock;

/// A driver with a clock that the kit controls.
struct Memory {
    driver: Arc<MemoryDriver>,
    clock: ManualClock,
}

impl Memory {
    fn new() -> Self {
        let clock = clock();
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

/// Shows all results with `cargo test -p session-core --all-features --test core -- --nocapture
/// bare_and`.
#[test]
fn bare_and_behind_pointers_all_promises_are_kept() {
    for (name, report) in [
        ("memory", report(Level::Concurrent, Memory::new)),
        (
            "memory in an Arc",
            report(Level::Concurrent, || InArc(Memory::new())),
        ),
        (
            "memory in a Box",
            report(Level::Concurrent, || InBox(Memory::new())),
        ),
    ] {
        report.announce(name);
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}
