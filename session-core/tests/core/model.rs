//! Whole sessions over `MemoryDriver`, compared with the executable model.

use pollster::block_on;
use session_core::{ManualClock, MemoryDriver};
use test_support::model::{Backend, Storage, run};

use crate::common::clock;

struct Memory(ManualClock);

impl Backend for Memory {
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

    fn storage(&self) -> Storage {
        Storage::Server
    }
}

#[test]
fn sessions_in_memory_match_the_model() {
    block_on(run(200_000, async || Memory(clock())));
}
