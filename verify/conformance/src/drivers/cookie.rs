//! The cookie driver, plain and encrypted.

use session_cookie::{CookieDriver, EncryptedCookieDriver};
use session_core::{Driver, DriverName, KeyRing, ManualClock, Secret, async_trait};

use super::{Backend, Storage, TestedDriver};

pub(super) struct Cookie;

#[async_trait]
impl TestedDriver for Cookie {
    fn driver(&self) -> DriverName {
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

/// The same with encryption, under keys that no scenario changes.
pub(super) struct EncryptedCookie;

#[async_trait]
impl TestedDriver for EncryptedCookie {
    fn driver(&self) -> DriverName {
        DriverName::Cookie
    }

    fn name(&self) -> String {
        "encrypted".to_owned()
    }

    fn storage(&self) -> Storage {
        Storage::Cookie
    }

    async fn start(&self, _: &ManualClock, _: bool) -> Box<dyn Backend> {
        let keys = KeyRing::new(Secret::generate().unwrap());
        Box::new(CookieDriver::encrypted(&keys))
    }
}

impl Backend for EncryptedCookieDriver {
    fn driver(&self) -> Box<dyn Driver> {
        Box::new(self.clone())
    }

    fn record_count(&self) -> usize {
        0
    }
}
