//! The conformance kit of `session-core`.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::Subject;
use session_core::{Clock, MemoryDriver};
use session_sealed::Sealed;

use crate::common::SealedMemory;

impl Subject for SealedMemory {
    type Driver = Arc<Sealed<MemoryDriver>>;

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

session_core::conformance!(indexed, SealedMemory::new(), without plant, take_down);
