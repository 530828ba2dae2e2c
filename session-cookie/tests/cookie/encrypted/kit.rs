//! The conformance kit, and the model.

use std::sync::Arc;

use pollster::block_on;
use session_cookie::{CookieDriver, EncryptedCookieDriver};
use session_core::ManualClock;
use test_support::model::{Backend, Storage, run};

use super::both_keys;
use crate::START;
use crate::common::clock;

session_core::conformance!(
    basic, Arc::new(CookieDriver::encrypted(&both_keys()).padded(true)),
    without touch, plant, take_down
);

struct EncryptedCookies(ManualClock);

impl Backend for EncryptedCookies {
    type Driver = EncryptedCookieDriver;

    fn name(&self) -> &'static str {
        "encrypted cookie"
    }

    fn driver(&self) -> EncryptedCookieDriver {
        CookieDriver::encrypted(&both_keys())
    }

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn storage(&self) -> Storage {
        Storage::Client
    }

    fn is_encrypted(&self) -> bool {
        true
    }
}

#[test]
fn sessions_in_encrypted_cookies_match_the_model() {
    block_on(run(50_000, async || EncryptedCookies(clock(START))));
}
