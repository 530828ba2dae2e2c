//! The conformance kit of `session-core` on the cookie driver, at the one level that a driver without a store has.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::conformance::{InArc, InBox, Level, report};

session_core::conformance!(basic, Arc::new(CookieDriver));

/// `cargo test -p session-cookie --test conformance -- --nocapture bare_and` shows them all.
#[test]
fn bare_and_behind_pointers_every_promise_is_kept() {
    let subject = || Arc::new(CookieDriver);
    for (name, report) in [
        ("cookie", report(Level::Basic, subject)),
        (
            "cookie in an Arc",
            report(Level::Basic, || InArc(subject())),
        ),
        ("cookie in a Box", report(Level::Basic, || InBox(subject()))),
    ] {
        report.announce(name);
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}
