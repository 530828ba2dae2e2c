//! The memory driver.

use std::sync::Arc;

use session_core::{Driver, DriverName, ManualClock, MemoryDriver, async_trait};

use super::{Backend, Storage, TestedDriver};

pub(super) struct Memory;

#[async_trait]
impl TestedDriver for Memory {
    fn driver(&self) -> DriverName {
        DriverName::Memory
    }

    fn storage(&self) -> Storage {
        Storage::Process
    }

    async fn start(&self, clock: &ManualClock, _: bool) -> Box<dyn Backend> {
        Box::new(Arc::new(MemoryDriver::new().with_clock(clock.clone())))
    }
}

impl Backend for Arc<MemoryDriver> {
    fn driver(&self) -> Box<dyn Driver> {
        Box::new(self.clone())
    }

    fn record_count(&self) -> usize {
        self.len()
    }
}
