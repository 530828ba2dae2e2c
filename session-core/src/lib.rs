//! Sessions for Rust services: the data model and every decision, without a framework, a runtime or I/O.
//!
//! An application depends on the adapter of its framework, `session-axum`, `session-warp`, `session-poem` or
//! `session-tower`, which re-exports what is needed of this crate. Depend on `session-core` itself to write a
//! [driver](Driver), an adapter, or a program that uses sessions without HTTP.
//!
//! ```
//! use session_core::{MemoryDriver, Outcome, Secret, SessionManager};
//!
//! # pollster::block_on(async {
//! let manager = SessionManager::builder(MemoryDriver::new(), Secret::generate()?).build()?;
//!
//! // A visitor without a cookie: a new session, stored once something is put into it.
//! let session = manager.open(None).await?;
//! session.put("user_id", 42)?;
//! session.flash("notice", "Welcome!")?;
//! let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
//!
//! // The next request brings the token back.
//! let session = manager.open(Some(token.as_str())).await?;
//! assert_eq!(session.get::<u64>("user_id")?, Some(42));
//! assert_eq!(session.get_flash::<String>("notice")?.as_deref(), Some("Welcome!"));
//! manager.commit(&session).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # How a request flows
//!
//! ```text
//! cookie ──> SessionManager::open ──> verify the signature ──> Driver::load ──> Session
//!            the application reads and writes the Session, without waiting
//! cookie <── SessionManager::commit <── sign the handle <───── Driver::save <── its changes
//! ```
//!
//! # What it promises
//!
//! - A cookie that is forged, expired or unknown gives a fresh session, never an error; an error means that
//!   a system failed.
//! - Requests that overlap lose no update: changes are [merged](merge) key by key.
//! - A session that was logged out, or replaced by another id, does not come back, however late a slow
//!   request ends.
//! - A value that would not fit is refused when it is put, and nothing is changed.
//! - No secret, token or whole id appears in a log or a `Debug` output.
//!
//! # Features
//!
//! - `conformance`: the kit that tells a driver's author whether the driver is right. For tests only.
//! - `http`: [`Exchange`] and the functions over `http::HeaderMap`.
//! - `memory`: [`MemoryDriver`].
//! - `testing`: [`testing`], sessions for an application's tests.
//! - `tracing`: an event for every session created, renewed, regenerated, destroyed, expired and so on,
//!   with the target `session`.
//!
//! None is on by default, and none changes what the others do.

// Links lead to what the features bring.
#![cfg_attr(
    not(all(feature = "http", feature = "memory", feature = "testing")),
    allow(rustdoc::broken_intra_doc_links)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Pages of the guide whose code needs this crate only.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/without-http.md")]
    mod without_http {}
    #[cfg(feature = "conformance")]
    #[doc = include_str!("../../docs/writing-a-driver.md")]
    mod writing_a_driver {}
}

// In reading order. `docs/architecture.md` walks through one request.
mod session;

mod record;

pub mod merge;

mod commit;

mod driver;

mod cookie;

#[cfg(feature = "http")]
mod http;

mod config;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

mod clock;
mod error;
mod events;

/// So that a driver needs no other dependency for its `impl Driver`.
pub use async_trait::async_trait;
/// JSON text as a value: `put` and `get` it to pass on what need not be understood.
pub use serde_json::value::RawValue;

pub use crate::clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use crate::commit::manager::SessionManager;
pub use crate::commit::outcome::{Outcome, Token};
pub use crate::config::builder::Builder;
pub use crate::config::error::ConfigError;
pub use crate::config::options::{Caching, Establish, OnOutage, OnSaveFailure, Opening, Renewal};
pub use crate::config::settings::{DriverName, SessionConfig};
pub use crate::cookie::key_ring::{KeyRing, Verified};
pub use crate::cookie::options::{CookieOptions, SameSite};
pub use crate::cookie::secret::Secret;
pub use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
#[cfg(feature = "memory")]
pub use crate::driver::memory::MemoryDriver;
pub use crate::driver::{Capacity, Driver, Expected, Loaded, Retired, Saved, Touched};
pub use crate::error::{Error, ErrorKind};
#[cfg(feature = "http")]
pub use crate::http::exchange::{Exchange, Unfinished};
pub use crate::record::Record;
pub use crate::record::id::SessionId;
pub use crate::record::values::Values;
pub use crate::record::version::Version;
pub use crate::session::current::Scope;
pub use crate::session::handle::Session;
