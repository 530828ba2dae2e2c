//! The cookie driver.

use session_cookie::CookieDriver;
use session_core::{Driver, DriverName, ManualClock, async_trait};

use super::{Backend, Storage, TestedDriver};

pub(super) struct Cookie;

#[async_trait]
impl TestedDriver for Cookie {
    fn name(&self) -> DriverName {
        DriverName::Cookie
    }

    fn storage(&self) -> Storage {
        Storage::Cookie
    }

    async fn start(&self, _: &ManualClock, _: bool) -> Box<dyn Backend> {
        Box::new(Self)
    }
}

impl Backend for Cookie {
    fn driver(&self) -> Box<dyn Driver> {
        Box::new(CookieDriver)
    }

    fn record_count(&self) -> usize {
        0
    }
}
