//! The conformance kit of `session-core`, at the only level that a driver without a store reaches.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::conformance::{InArc, InBox, Level, report};

session_core::conformance!(
    basic, Arc::new(CookieDriver),
    without touch, plant, take_down
);

/// Shows all results with `cargo test -p session-cookie --test cookie -- --nocapture bare_and`.
#[test]
fn bare_and_behind_pointers_all_promises_are_kept() {
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
