//! Whole sessions in cookies, against the executable model of `test_support::model`.

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{ManualClock, Timestamp};
use test_support::model::{Keeps, Stage, run};

struct Cookies(ManualClock);

impl Stage for Cookies {
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

    fn keeps(&self) -> Keeps {
        Keeps::Client
    }
}

#[test]
fn sessions_in_cookies_do_what_the_model_does() {
    let world = async || Cookies(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    block_on(run(100_000, world));
}
