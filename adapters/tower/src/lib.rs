//! Sessions for any tower stack of `http` requests and responses.
//!
//! [`SessionLayer`] opens the session before the inner service runs. It saves the session when the
//! service returns the head of its response, before the body streams.
//!
//! axum, warp, poem, and actix-web applications depend on `session-axum`, `session-warp`,
//! `session-poem`, or `session-actix` instead. Those crates add what is native to their framework, such as extractors.
//!
//! ```
//! use http::{Request, Response};
//! use session_tower::{CookieDriver, Secret, Session, SessionLayer, SessionManager};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(SessionLayer::new(manager))
//!     .service(service_fn(|_: Request<String>| async {
//!         let visits = Session::current()?.update("visits", 0, |visits| visits + 1)?;
//!         Ok::<_, session_tower::Error>(Response::new(visits.to_string()))
//!     }));
//!
//! let response = service.oneshot(Request::new(String::new())).await?;
//! assert!(response.headers().contains_key("set-cookie"));
//! assert_eq!(response.into_body().into_inner().as_deref(), Some("1"));
//! # Ok(())
//! # }
//! ```
//!
//! # Testing a service
//!
//! Enable the `testing` feature in your dev-dependencies. A [`testing::Visitor`] sends the
//! session's cookie and keeps the one that comes back. No server is needed:
//!
//! ```
//! use http::{Request, Response};
//! use session_tower::testing::TestSessions;
//! use session_tower::{Error, Session, SessionLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! async fn logout(_: Request<String>) -> Result<Response<String>, Error> {
//!     let session = Session::current()?;
//!     session.destroy()?;
//!     session.flash("notice", "Goodbye!")?;
//!     Ok(Response::default())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = TestSessions::new();
//! let service = SessionLayer::new(sessions.manager()).layer(service_fn(logout));
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let request = Request::post("/logout").header("cookie", ada.cookie()).body(String::new())?;
//! let response = service.oneshot(request).await?;
//! ada.receive_headers(response.headers());
//!
//! let session = ada.session().await;
//! assert!(!session.has("user_id"));
//! assert_eq!(session.get_flash::<String>("notice")?.as_deref(), Some("Goodbye!"));
//! # Ok(())
//! # }
//! ```
//!
//! # Writing an adapter
//!
//! The module [`adapter`] has what the crates of all frameworks share.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `cookie` (default) | [`CookieDriver`] |
//! | `encryption` | [`Sealed`], `CookieDriver::encrypted`, and `SESSION_ENCRYPT` |
//! | `memory` | [`MemoryDriver`] |
//! | `redis` | [`RedisDriver`] |
//! | `redis-tls` | `rediss://` URLs, and the feature `redis` |
//! | `postgres`, `mysql`, `sqlite` | [`SqlxDriver`], for this database |
//! | `database-tls` | encrypted connections to the database |
//! | `testing` | the module [`testing`] |
//!
//! Importing a type whose feature is off is a compile error that names the feature. If the settings
//! choose a driver whose feature is off, [`builder`] returns an error that names it.

#![cfg_attr(docsrs, feature(doc_cfg))]
// The text links to items that need a feature.
#![cfg_attr(
    not(all(
        feature = "cookie",
        feature = "encryption",
        feature = "memory",
        feature = "redis",
        feature = "sqlite",
        feature = "testing"
    )),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub mod adapter;
mod body;
mod builder;
mod future;
mod layer;
mod service;

#[cfg(feature = "cookie")]
pub use session_cookie::CookieDriver;
#[cfg(all(feature = "cookie", feature = "encryption"))]
pub use session_cookie::EncryptedCookieDriver;
#[cfg(feature = "memory")]
pub use session_core::MemoryDriver;
#[cfg(feature = "testing")]
pub use session_core::testing;
pub use session_core::{
    AnyKey, Builder, Caching, Capacity, ClearSiteData, Clock, ConfigError, CookieOptions,
    DerivedKey, Driver, DriverName, Error, ErrorKind, Establish, Event, EventKind, Expected,
    Headers, HeadersMut, Key, KeyOf, KeyRing, Loaded, MAX_COOKIE_BYTES, ManualClock, Observer,
    OnOutage, OnSaveFailure, Opening, Outcome, PlainRecords, RawValue, Record, Refusal, Renewal,
    SameSite, Saved, Scope, Secret, Session, SessionConfig, SessionId, SessionManager, Settings,
    SystemClock, Timestamp, Token, Touched, Transport, Unfinished, Values, Verified, Version,
    async_trait, merge,
};
#[cfg(feature = "redis")]
pub use session_redis::{Ending, Endings, RedisDriver};
#[cfg(feature = "encryption")]
pub use session_sealed::Sealed;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use session_sqlx::SqlxDriver;

pub use crate::body::ResponseBody;
pub use crate::builder::builder;
pub use crate::layer::SessionLayer;
pub use crate::service::SessionService;

/// The passage of a request: of one whose headers are an `http::HeaderMap`, unless its framework has other types.
pub type Exchange<V = http::HeaderValue> = session_core::Exchange<V>;
