//! Tells a driver's author whether the driver is right.
//!
//! Every promise of the [`Driver` contract](crate::Driver#contract) that can be tested is a named [`Check`] here, and
//! [`conformance!`](crate::conformance!) makes a `#[test]` of each. The feature `conformance` is for tests: it belongs
//! under `[dev-dependencies]`, and brings no dependency with it.
//!
//! ```toml
//! [dev-dependencies]
//! session-core = { version = "0.1", features = ["conformance"] }
//! ```
//!
//! This is a whole `tests/conformance.rs`, for a driver whose store is in this process and that needs no runtime:
//!
//! ```
//! # use session_core::MemoryDriver as MyDriver;
//! use std::sync::Arc;
//!
//! session_core::conformance!(concurrent, Arc::new(MyDriver::new()));
//! ```
//!
//! ```text
//! $ cargo test --test conformance
//! test a_destroyed_record_is_gone ... ok
//! test a_late_save_raises_nothing ... ok
//! test no_update_is_lost ... ok
//! …
//! ```
//!
//! Checks that are added later come with the next version of this crate; that line stays as it is.
//!
//! # Levels
//!
//! The first argument says what the driver is able to do. Each level contains the one before.
//!
//! | Level | For | Rules of the contract |
//! |---|---|---|
//! | `basic` | a record that lives in the client's cookie | 1 to 4 and 9 to 12: round trip, expiry, strange handles, dropped futures, … |
//! | `revocable` | a store that is used by one request at a time | 7 and 8 as well: a logout and a new id are final, whatever comes late |
//! | `concurrent` | every other store | 5 and 6 as well: no lost update, on real threads |
//!
//! A driver that says `true` to [`can_revoke`](crate::Driver::can_revoke) should reach `concurrent`: `revocable` loses
//! updates of requests that overlap.
//!
//! # The subject
//!
//! The second argument is an expression that makes a [`Subject`]: the store, and how the kit reaches it. An [`Arc`] of a
//! driver is one. Implement the trait for anything else, such as a driver that
//!
//! - has connections: [`Subject::driver`] makes one more, so that what one has seen and another has ended is put to the
//!   test;
//! - needs a runtime: [`Subject::block_on`];
//! - takes a [`Clock`](crate::Clock): [`Subject::clock`] and [`Subject::pass`], so that nothing sleeps. Otherwise
//!   the kit waits for real time, some seconds in all.
//!
//! [`Subject::plant`] and [`Subject::take_down`] let the kit ask what the driver makes of a value that is no record, and of
//! a store that is down. The checks that a subject or a driver leaves no way to ask pass, and a [`report`] says so.
//!
//! # What a failure says
//!
//! Which promise, where the contract states it, what was expected and what came; of ids at most the beginning, of handles
//! nothing:
//!
//! ```text
//! the driver breaks a promise: a_late_save_raises_nothing
//!   stated in: Driver contract, rule 7: Nothing rises
//!   expected:  Saved::Conflict(None) from a save onto a destroyed record
//!   came:      Done
//! ```
//!
//! A check runs on a thread of its own. A panic of the driver's is a broken promise, and so is a check that takes longer
//! than [`Subject::patience`].
//!
//! # Without the macro
//!
//! [`checks`] lists them for a harness of your own; [`report`] runs them all and gives a table:
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
//! # What it cannot see
//!
//! A race is found by trying, [150 milliseconds long](Subject::effort) for each pair of operations: a driver that fails
//! has one, a driver that passes may have a rare one. Whether a store survives a crash, whether it answers in time under
//! load, and whether a thread is blocked, no check asks.
//!
//! [`Arc`]: std::sync::Arc

mod catalog;
mod check;
mod compare_and_set;
mod dropped;
mod endings;
mod expiry;
mod foreign;
mod handles;
mod parallel;
mod pointer;
mod report;
mod round_trip;
mod rule;
mod sessions;
mod silence;
mod stage;
mod subject;
mod threads;
mod versions;

pub use self::catalog::{__test, checks};
pub use self::check::{Check, Failure, Level, Verdict};
pub use self::pointer::{InArc, InBox};
pub use self::report::{Report, report};
pub use self::rule::Rule;
use self::stage::Stage;
pub use self::subject::Subject;
