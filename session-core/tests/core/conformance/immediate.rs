//! A driver that never waits must do the same when it is asked to wait.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::{Level, report};
use session_core::{
    Driver, Error, Expected, Immediate, Loaded, MemoryDriver, Record, Saved, SessionId, async_trait,
};

/// How the immediate answers differ from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    IgnoresTheVersion,
    FindsNothing,
    ReadsOtherJson,
}

#[derive(Debug)]
struct Faulty {
    driver: MemoryDriver,
    fault: Fault,
}

#[async_trait]
impl Driver for Faulty {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.driver.load(handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.driver.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    fn immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for Faulty {
    fn load_now(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        if self.fault == Fault::FindsNothing {
            return Ok(None);
        }
        self.driver.load_now(handle)
    }

    fn json_in(&self, _: &str) -> Option<String> {
        let json = r#"{"id":"other","data":{},"flash_next":{}}"#;
        (self.fault == Fault::ReadsOtherJson).then(|| json.to_owned())
    }

    fn save_now(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let held = self.driver.load_now(record.id().as_str())?;
        match held {
            Some(held) if self.fault == Fault::IgnoresTheVersion => {
                let expected = Expected::Version(&held.version);
                self.driver.save_now(record, expected, ttl)
            }
            _ => self.driver.save_now(record, expected, ttl),
        }
    }
}

/// Returns the checks that fail.
fn failures(fault: Fault) -> Vec<String> {
    let report = report(Level::Concurrent, || {
        let driver = MemoryDriver::new();
        Arc::new(Faulty { driver, fault })
    });
    let failures = report.failures().map(|failure| failure.check().to_owned());
    failures.collect()
}

#[test]
fn the_kit_asks_an_immediate_driver_all_ways() {
    assert_eq!(failures(Fault::None), [""; 0]);
    let stale = failures(Fault::IgnoresTheVersion);
    for check in [
        "existing_id_is_not_overwritten",
        "save_with_stale_version_changes_nothing",
    ] {
        assert!(stale.iter().any(|failed| failed == check), "{stale:?}");
    }
    for fault in [Fault::FindsNothing, Fault::ReadsOtherJson] {
        let lost = failures(fault);
        assert!(
            lost.iter()
                .any(|failed| failed == "data_and_flash_round_trip"),
            "{fault:?}: {lost:?}"
        );
    }
}
