//! A test kit for drivers.
//!
//! Every promise of the [`Driver` contract](crate::Driver#contract) that can be tested is a named
//! [`Check`], and [`conformance!`](crate::conformance!) turns each check into a `#[test]`. The
//! feature `conformance` is meant for tests and adds no dependency:
//!
//! ```toml
//! [dev-dependencies]
//! session-core = { version = "0.1", features = ["conformance"] }
//! ```
//!
//! This is a complete `tests/conformance.rs` for a driver with an in-process store and no runtime:
//!
//! ```
//! # use session_core::MemoryDriver as MyDriver;
//! use std::sync::Arc;
//!
//! session_core::conformance!(concurrent, Arc::new(MyDriver::new()), without plant, take_down);
//! ```
//!
//! ```text
//! $ cargo test --test conformance
//! test destroyed_record_is_gone ... ok
//! test late_save_does_not_resurrect ... ok
//! test no_update_is_lost ... ok
//! test foreign_data_loads_nothing ... ignored, not asked: without plant
//! …
//! ```
//!
//! Future versions of this crate may add checks. The line above runs them without a change.
//!
//! # Levels
//!
//! The first argument is the level that the driver reaches. Each level includes the one before.
//!
//! | Level | For | Rules of the contract |
//! |---|---|---|
//! | `basic` | records that live in the client's cookie | 1 to 4 and 9 to 12: round trips, expiry, untrusted handles, dropped futures, … |
//! | `concurrent` | every store on the server | also 5 to 8: a logout is final, a login is never undone, and no update is lost, checked with real threads |
//! | `indexed` | a store that lists the sessions of an owner | also 13: no live session is missed, whatever happens meanwhile |
//!
//! A driver whose [`can_revoke`](crate::Driver::can_revoke) returns `true` must reach `concurrent`.
//! The four required methods are enough for that.
//!
//! # Subjects
//!
//! The second argument is an expression that creates a [`Subject`]: a store, and ways for the kit
//! to control it. An [`Arc`] of a driver is a subject. Implement the trait yourself if the driver
//!
//! - has connections: [`Subject::driver`] opens another one, so that the kit can end a session
//!   through one connection and look for it through another;
//! - needs a runtime: implement [`Subject::block_on`];
//! - takes a [`Clock`](crate::Clock): implement [`Subject::clock`] and [`Subject::pass`], so that
//!   nothing sleeps. Otherwise the kit waits for several seconds in total.
//!
//! [`Subject::plant`] and [`Subject::take_down`] let the kit check how the driver handles foreign
//! data and an unavailable store. Without them, the kit cannot ask, and neither can it ask a driver
//! without a `touch` of its own about touches. Nothing that was not asked counts as kept:
//! [`conformance!`](crate::conformance!) requires you to name what is missing, as in the example
//! above, and a [`report`] lists these checks as not asked, with the reason.
//!
//! # Failures
//!
//! A failure names the promise, the rule of the contract, and the expected and actual results. It
//! shows at most the first characters of an id, and nothing of a handle:
//!
//! ```text
//! the driver breaks a promise: late_save_does_not_resurrect
//!   rule:     Driver contract, rule 7: Ended sessions are never resurrected
//!   expected: Saved::Conflict(None) from a save of a destroyed record
//!   actual:   Done
//! ```
//!
//! Every check runs on its own thread. A check fails if the driver panics, and if it takes longer
//! than [`Subject::patience`].
//!
//! # Without the macro
//!
//! [`checks`] returns the checks for a test harness of your own. [`report`] runs them all and
//! returns a table:
//!
//! ```
//! use std::sync::Arc;
//! use session_core::MemoryDriver;
//! use session_core::conformance::{Level, report};
//!
//! let report = report(Level::Concurrent, || Arc::new(MemoryDriver::new()));
//! assert_eq!(report.failures().count(), 0, "{report}");
//! ```
//!
//! # Limits
//!
//! The kit looks for a race by trying [for 150 milliseconds](Subject::effort) per pair of
//! operations. A driver that fails has a race, but a driver that passes may still have a rare one.
//! No check covers crashes of the store, response times under load, or blocked threads.
//!
//! [`Arc`]: std::sync::Arc

mod catalog;
mod check;
mod compare_and_set;
mod crowd;
mod dropped;
mod endings;
mod expiry;
mod fleet;
mod foreign;
mod handles;
mod index;
mod logins;
mod moved;
mod parallel;
mod pointer;
mod report;
mod rig;
mod round_trip;
mod rule;
mod sessions;
mod setup;
mod silence;
mod subject;
mod threads;
mod versions;

pub use self::catalog::{__test, checks};
pub use self::check::{Check, Failure, Level, Verdict};
pub use self::pointer::{InArc, InBox};
pub use self::report::{Report, report};
use self::rig::Rig;
pub use self::rule::Rule;
pub use self::subject::Subject;
