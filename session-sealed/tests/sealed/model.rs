//! Whole sessions, sealed, compared with the executable model.

use std::sync::Arc;

use pollster::block_on;
use session_core::{ManualClock, MemoryDriver};
use session_sealed::Sealed;
use test_support::model::{Backend, Storage, run};

use crate::common::SealedMemory;

impl Backend for SealedMemory {
    type Driver = Arc<Sealed<MemoryDriver>>;

    fn name(&self) -> &'static str {
        "sealed memory"
    }

    fn driver(&self) -> Self::Driver {
        self.driver.clone()
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn storage(&self) -> Storage {
        Storage::Server
    }
}

#[test]
fn sealed_sessions_match_the_model() {
    block_on(run(50_000, async || SealedMemory::new()));
}
