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
//! # Features
//!
//! `cookie` (default), `memory` and `redis` bring the drivers of that name and let [`connect`] build them; `redis-tls`
//! allows `rediss://` URLs.

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
