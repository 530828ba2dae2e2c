//! `MemoryDriver` passes, with and without a pointer around it.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::{InArc, InBox, Level, Subject, Verdict, checks, report};
use session_core::{Clock, ManualClock, MemoryDriver};

use crate::common::{MinimalDriver, clock};

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

session_core::conformance!(indexed, Memory::new(), without plant, take_down);

/// Shows all results with `cargo test -p session-core --all-features --test core -- --nocapture
/// bare_and`.
#[test]
fn bare_and_behind_pointers_all_promises_are_kept() {
    for (name, report) in [
        ("memory", report(Level::Indexed, Memory::new)),
        (
            "memory in an Arc",
            report(Level::Indexed, || InArc(Memory::new())),
        ),
        (
            "memory in a Box",
            report(Level::Indexed, || InBox(Memory::new())),
        ),
    ] {
        report.announce(name);
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}

/// A driver with the four required methods that keeps expired records, and whose `Debug` output
/// shows them.
#[test]
fn what_cannot_be_asked_is_reported_as_not_asked() {
    let report = report(Level::Concurrent, || Arc::new(MinimalDriver::default()));
    let checks = checks::<Arc<MinimalDriver>>(Level::Concurrent);
    let mut not_asked = 0;
    for (check, (name, result)) in checks.iter().zip(report.results()) {
        assert_eq!(check.name(), name);
        let is_as_expected = match check.needs() {
            Some(_) => matches!(result, Ok(Verdict::NotAsked(_))),
            None if name == "debug_reveals_nothing" => result.is_err(),
            None => matches!(result, Ok(Verdict::Kept)),
        };
        assert!(is_as_expected, "{name}: {result:?}");
        not_asked += usize::from(check.needs().is_some());
    }
    let summary = format!(
        "concurrent: {} promises kept, 1 broken, {not_asked} not asked",
        checks.len() - not_asked - 1
    );
    assert_eq!(report.summary(), summary);
    let line = "touch_extends_the_ttl (the driver returns Touched::MustSave)";
    assert!(report.to_string().contains(line), "{report}");
}

#[test]
#[should_panic = "foreign_data_loads_nothing was not asked: Subject::plant is not implemented. If \
                  that is intended, add `without plant` after the subject of conformance!"]
fn a_test_that_cannot_ask_fails() {
    session_core::conformance::__test("foreign_data_loads_nothing", Memory::new());
}
