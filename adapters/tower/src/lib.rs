//! Sessions for any tower stack of `http` requests and responses.
//!
//! [`SessionLayer`] opens the session before the inner service runs and saves it when the response's head is
//! there, before the body streams. Users of axum depend on `session-axum` instead, which has the extractor as well.
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
//! assert_eq!(response.body(), "1");
//! assert!(response.headers().contains_key("set-cookie"));
//! # Ok(())
//! # }
//! ```
//!
//! # Testing a service
//!
//! With the feature `testing`, among the dev-dependencies. A [`testing::Visitor`] brings the session's cookie and takes
//! the answer; the service needs no server:
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
//! # Features
//!
//! `cookie` (default), `memory` and `redis` bring the drivers of that name and let [`connect`] build them; `redis-tls`
//! allows `rediss://` URLs; `testing` brings the module [`testing`].

// Links lead to what the feature brings.
#![cfg_attr(not(feature = "testing"), allow(rustdoc::broken_intra_doc_links))]

mod connect;
mod layer;
mod native;
mod service;

#[cfg(feature = "cookie")]
pub use session_cookie::CookieDriver;
pub use session_core::*;
#[cfg(feature = "redis")]
pub use session_redis::RedisDriver;

pub use crate::connect::connect;
pub use crate::layer::SessionLayer;
pub use crate::native::answer;
pub use crate::service::{SessionService, finish};

/// What an application needs of all this beside its framework's own middleware and extractor: re-exported by the crates
/// of the frameworks.
#[doc(hidden)]
pub mod application {
    #[cfg(feature = "cookie")]
    pub use session_cookie::CookieDriver;
    #[cfg(feature = "memory")]
    pub use session_core::MemoryDriver;
    #[cfg(feature = "testing")]
    pub use session_core::testing;
    pub use session_core::{
        Builder, Caching, Capacity, Clock, ConfigError, CookieOptions, Driver, DriverName, Error,
        ErrorKind, Establish, Expected, KeyRing, Loaded, ManualClock, OnOutage, OnSaveFailure,
        Opening, Outcome, RawValue, Record, Renewal, Retired, SameSite, Saved, Scope, Secret,
        SessionConfig, SessionId, SessionManager, SystemClock, Timestamp, Token, Touched, Values,
        Verified, Version, async_trait, merge,
    };
    #[cfg(feature = "redis")]
    pub use session_redis::RedisDriver;

    pub use crate::connect::connect;
}
