//! Whole sessions against the executable model: the bytes decide what happens, and the first of them where the records
//! are.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{Driver, ManualClock, MemoryDriver, Timestamp};
use test_support::model::{Choices, Keeps, Report, Stage, play};

use crate::targets::common::NOW;

pub(crate) fn run(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let clock = ManualClock::new(Timestamp::from_millis(NOW));
    let choices = Choices::from_bytes(bytes);
    if first % 4 == 0 {
        start(CookieDriver, clock, Keeps::Client, choices);
    } else {
        let driver = MemoryDriver::new().with_clock(clock.clone());
        start(driver, clock, Keeps::Server, choices);
    }
}

fn start<D: Driver>(driver: D, clock: ManualClock, keeps: Keeps, choices: Choices) {
    let driver = std::sync::Arc::new(driver);
    let stage = World {
        driver,
        clock,
        keeps,
    };
    block_on(play(&stage, choices, MOST_STEPS, &mut Report::default()));
}

struct World<D> {
    driver: std::sync::Arc<D>,
    clock: ManualClock,
    keeps: Keeps,
}

impl<D: Driver> Stage for World<D> {
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

    fn keeps(&self) -> Keeps {
        self.keeps
    }
}

const MOST_STEPS: usize = 300;
