//! Whole sessions over the memory driver, against the executable model of `test_support::model`.

use pollster::block_on;
use session_core::{ManualClock, MemoryDriver, Timestamp};
use test_support::model::{Keeps, Stage, run};

struct Memory(ManualClock);

impl Stage for Memory {
    type Driver = MemoryDriver;

    fn name(&self) -> &'static str {
        "memory"
    }

    fn driver(&self) -> MemoryDriver {
        MemoryDriver::new().with_clock(self.0.clone())
    }

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn keeps(&self) -> Keeps {
        Keeps::Server
    }
}

#[test]
fn sessions_in_memory_do_what_the_model_does() {
    let world = async || Memory(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    block_on(run(100_000, world));
}
