//! Whole sessions in cookies, compared with the executable model.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::ManualClock;
use test_support::model::{Backend, Storage, run};

use crate::START;
use crate::common::clock;

struct Cookies(ManualClock);

impl Backend for Cookies {
    type Driver = CookieDriver;

    fn name(&self) -> &'static str {
        "cookie"
    }

    fn driver(&self) -> CookieDriver {
        CookieDriver
    }

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn storage(&self) -> Storage {
        Storage::Client
    }
}

#[test]
fn sessions_in_cookies_match_the_model() {
    block_on(run(200_000, async || Cookies(clock(START))));
}
