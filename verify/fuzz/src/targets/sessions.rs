//! Whole sessions, compared with the executable model. The first byte chooses the driver, and the
//! others choose the requests.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{Driver, ManualClock, MemoryDriver, Timestamp};
use test_support::model::{Backend, Choices, Report, Storage, play};

use crate::targets::common::NOW;

pub(crate) fn run(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let clock = ManualClock::new(Timestamp::from_millis(NOW));
    let choices = Choices::from_bytes(bytes);
    if first % 4 == 0 {
        start(CookieDriver, clock, Storage::Client, choices);
    } else {
        let driver = MemoryDriver::new().with_clock(clock.clone());
        start(driver, clock, Storage::Server, choices);
    }
}

fn start<D: Driver>(driver: D, clock: ManualClock, storage: Storage, choices: Choices) {
    let driver = std::sync::Arc::new(driver);
    let backend = World {
        driver,
        clock,
        storage,
    };
    block_on(play(&backend, choices, MOST_STEPS, &mut Report::default()));
}

struct World<D> {
    driver: std::sync::Arc<D>,
    clock: ManualClock,
    storage: Storage,
}

impl<D: Driver> Backend for World<D> {
    type Driver = std::sync::Arc<D>;

    fn name(&self) -> &'static str {
        "fuzzed"
    }

    fn driver(&self) -> Self::Driver {
        self.driver.clone()
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn storage(&self) -> Storage {
        self.storage
    }
}

const MOST_STEPS: usize = 300;
