//! Overlapping saves are sent as one batch, and each gets the result that it would get on its own.
//!
//! The commits of a test run on one thread. They all start before the first one gets its reply, so
//! the test knows which ones share a batch.

mod failures;
mod multi_key;
mod overlap;
mod replies;
mod runtimes;
mod sharding_proxy;
mod sizes;
