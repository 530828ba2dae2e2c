//! Sessions for Rust services: the data model and every decision, without a framework, a runtime or I/O.
//!
//! An application depends on the adapter for its framework, such as `session-axum`, `session-warp`, `session-poem`,
//! `session-actix` or `session-tower`, which re-exports what it needs from this crate. Depend on `session-core` itself to write a
//! [driver](Driver) or an adapter, or to use sessions in a program that speaks no HTTP.
//!
//! ```
//! use session_core::{MemoryDriver, Outcome, Secret, SessionManager};
//!
//! # pollster::block_on(async {
//! let manager = SessionManager::builder(MemoryDriver::new(), Secret::generate()?).build()?;
//!
//! // A visitor without a cookie gets a new session, which is stored once something is put into it.
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
//!            the application reads and writes the Session without waiting
//! cookie <── SessionManager::commit <── sign the handle <───── Driver::save <── its changes
//! ```
//!
//! # Guarantees
//!
//! - A cookie that is forged, expired or unknown gives a new session, never an error. An error means that a system failed.
//! - Overlapping requests lose no update: their changes are [merged](merge) key by key.
//! - A session that was logged out never comes back, however late a slow request ends, and a slow request never undoes a
//!   login.
//! - Storing a value that does not fit fails immediately and changes nothing.
//! - No log and no `Debug` output shows a secret, a token or a whole id.
//!
//! # Features
//!
//! - `conformance`: [`mod@conformance`], the kit that tests a driver. For tests only.
//! - `http`: [`Headers`] of the crate `http`, and its status for an error. Without it, an [`Exchange`] works with the types of
//!   any framework.
//! - `memory`: [`MemoryDriver`].
//! - `testing`: [`testing`], sessions for an application's tests.
//! - `tracing`: an event for every session that is created, renewed, regenerated, destroyed, expired and so on, with the
//!   target `session`.
//!
//! None is on by default, and none changes the behavior of the others.

// Links lead to items of the features.
#![cfg_attr(
    not(all(
        feature = "conformance",
        feature = "http",
        feature = "memory",
        feature = "testing"
    )),
    allow(rustdoc::broken_intra_doc_links)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The README, and the pages of the guide whose code needs this crate only.
#[cfg(doctest)]
mod guide {
    #[cfg(feature = "memory")]
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/README.md")]
    mod guide {}
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

mod http;

mod config;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

mod clock;
mod error;
mod events;

/// Re-exported so that `impl Driver` needs no other dependency.
pub use async_trait::async_trait;
/// JSON text as a value: `put` and `get` it to pass on data without decoding it.
pub use serde_json::value::RawValue;

pub use crate::clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use crate::commit::manager::SessionManager;
pub use crate::commit::outcome::{Outcome, Token};
pub use crate::config::builder::Builder;
pub use crate::config::effective::Settings;
pub use crate::config::error::ConfigError;
pub use crate::config::options::{
    Caching, ClearSiteData, Establish, OnOutage, OnSaveFailure, Opening, PlainRecords, Renewal,
    Transport,
};
pub use crate::config::settings::{DriverName, SessionConfig};
pub use crate::cookie::derived_key::DerivedKey;
pub use crate::cookie::key_ring::{KeyRing, Verified};
pub use crate::cookie::options::{CookieOptions, SameSite};
pub use crate::cookie::secret::Secret;
pub use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
pub use crate::driver::immediate::Immediate;
#[cfg(feature = "memory")]
pub use crate::driver::memory::MemoryDriver;
pub use crate::driver::{Capacity, Driver, Expected, Loaded, Saved, Touched};
pub use crate::error::{Error, ErrorKind};
pub use crate::events::observer::Observer;
pub use crate::events::{Event, EventKind, Refusal};
pub use crate::http::commit::{Commit, Committed};
pub use crate::http::exchange::{Exchange, Unfinished};
pub use crate::http::fields::{Headers, HeadersMut};
pub use crate::record::Record;
pub use crate::record::id::SessionId;
pub use crate::record::values::Values;
pub use crate::record::version::Version;
pub use crate::session::current::Scope;
pub use crate::session::handle::Session;
pub use crate::session::keys::{AnyKey, Key, KeyOf};
