//! Overlapping loads are sent as one batch, and so are overlapping saves. Each operation gets the
//! result that it would get on its own.
//!
//! The operations of a test run on one thread. They all start before the first one gets its reply, so
//! the test knows which ones share a batch.

mod failures;
mod loads;
mod multi_key;
mod overlap;
mod owners;
mod replies;
mod runtimes;
mod sharding_proxy;
mod sizes;
