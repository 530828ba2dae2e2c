//! Sessions for axum: signed cookies, or server-side storage whose logouts revoke every copy.
//!
//! An application depends on this crate and no other of this project: it re-exports the drivers and
//! the session system.
//!
//! # Reading and writing
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_axum::{CookieDriver, Secret, Session};
//! use session_axum::{SessionLayer, SessionManager, SessionRejection};
//!
//! async fn visits(session: Session) -> Result<String, SessionRejection> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("This is visit number {visits}."))
//! }
//!
//! # fn app() -> Result<Router, Box<dyn std::error::Error>> {
//! // In production: SessionLayer::from_env().await?
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let app = Router::new().route("/", get(visits)).layer(SessionLayer::new(manager));
//! # Ok(app)
//! # }
//! # app().unwrap();
//! ```
//!
//! A write fails if the value is too large for the cookie or the store is down.
//! [`SessionRejection`] turns the error into a response with status 413, 503, or 500, so a handler
//! uses `?`.
//!
//! # Flash across a redirect
//!
//! ```
//! use axum::response::Redirect;
//! use session_axum::{Session, SessionRejection};
//!
//! async fn save(session: Session) -> Result<Redirect, SessionRejection> {
//!     session.flash("notice", "Saved!")?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! async fn index(session: Session) -> Result<String, SessionRejection> {
//!     // Readable on the next request only.
//!     Ok(session.get_flash_or("notice", String::new())?)
//! }
//! ```
//!
//! # Login and logout
//!
//! ```
//! use axum::response::Redirect;
//! use session_axum::{Session, SessionRejection};
//!
//! async fn login(session: Session) -> Result<Redirect, SessionRejection> {
//!     // After the password check: a new id, in case somebody else knows the old one.
//!     session.regenerate()?;
//!     session.put("user_id", 42)?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! async fn logout(session: Session) -> Result<Redirect, SessionRejection> {
//!     session.destroy()?;
//!     Ok(Redirect::to("/"))
//! }
//! ```
//!
//! # Sessions for some routes only
//!
//! `Router::layer` covers the routes that were added before it. So add the pages, then the layer,
//! then the API:
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use session_axum::{CookieDriver, Secret, SessionLayer, SessionManager};
//! # fn app() -> Result<Router, Box<dyn std::error::Error>> {
//! # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let web = Router::new().route("/", get(|| async { "page" })).layer(SessionLayer::new(manager));
//! let api = Router::new().route("/health", get(|| async { "ok" }));
//! let app = Router::new().merge(web).nest("/api", api);
//! # Ok(app)
//! # }
//! # app().unwrap();
//! ```
//!
//! `layer` also covers the router's fallback, so a request for a missing `/favicon.ico` ages flash.
//! `route_layer` covers the routes only.
//!
//! A handler that takes [`Session`] on a route without the layer answers 500. The log names the
//! route and the fix, and in debug builds the response does too. A handler that takes
//! `Option<Session>` gets `None`.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. A WebSocket task or a
//! stream of server-sent events can still read it. A write there is an error
//! ([`ErrorKind::Closed`]), not silently lost, unless the stream saves by hand: see
//! [`save`](session_tower::Session::save).
//!
//! # Testing a handler
//!
//! Enable the `testing` feature in your dev-dependencies. No server is needed: send requests to the
//! router with `tower::ServiceExt::oneshot`. A [`testing::Visitor`] sends the session's cookie and
//! keeps the one that comes back:
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::post};
//! use session_axum::testing::TestSessions;
//! use session_axum::{Session, SessionLayer, SessionManager, SessionRejection};
//! use tower::ServiceExt;
//!
//! async fn logout(session: Session) -> Result<(), SessionRejection> {
//!     session.destroy()?;
//!     session.flash("notice", "Goodbye!")?;
//!     Ok(())
//! }
//!
//! fn app(manager: SessionManager) -> Router {
//!     Router::new().route("/logout", post(logout)).layer(SessionLayer::new(manager))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = TestSessions::new();
//! let app = app(sessions.manager());
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let request = Request::post("/logout").header("cookie", ada.cookie()).body(Body::empty())?;
//! let response = app.oneshot(request).await?;
//! ada.receive_headers(response.headers());
//!
//! let session = ada.session().await;
//! assert!(!session.has("user_id"));
//! assert_eq!(session.get_flash::<String>("notice")?.as_deref(), Some("Goodbye!"));
//! # Ok(())
//! # }
//! ```
//!
//! A handler is also a plain function, and [`testing::session`] creates its argument:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), session_axum::SessionRejection> {
//! # use session_axum::{Session, SessionRejection};
//! # async fn logout(session: Session) -> Result<(), SessionRejection> {
//! #     session.destroy()?;
//! #     session.flash("notice", "Goodbye!")?;
//! #     Ok(())
//! # }
//! use session_axum::testing;
//!
//! let session = testing::session(|session| session.put("user_id", 42));
//! logout(session.clone().into()).await?;
//! let next = testing::next_request(&session);
//! assert_eq!(next.get_flash::<String>("notice")?.as_deref(), Some("Goodbye!"));
//! # Ok(())
//! # }
//! ```
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

/// The pages of the guide whose code belongs to an application.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/choosing-a-driver.md")]
    mod choosing_a_driver {}
    #[doc = include_str!("../../../docs/configuration.md")]
    mod configuration {}
    #[cfg(feature = "encryption")]
    #[doc = include_str!("../../../docs/encryption.md")]
    mod encryption {}
    #[doc = include_str!("../../../docs/moving.md")]
    mod moving {}
    #[doc = include_str!("../../../docs/operating.md")]
    mod operating {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
}

mod extract;
mod layer;
mod rejection;
mod service;

#[cfg(feature = "cookie")]
pub use session_tower::CookieDriver;
#[cfg(all(feature = "cookie", feature = "encryption"))]
pub use session_tower::EncryptedCookieDriver;
#[cfg(feature = "memory")]
pub use session_tower::MemoryDriver;
#[cfg(feature = "encryption")]
pub use session_tower::Sealed;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use session_tower::SqlxDriver;
#[cfg(feature = "testing")]
pub use session_tower::testing;
pub use session_tower::{
    AnyKey, Builder, Caching, Capacity, ClearSiteData, Clock, ConfigError, CookieOptions,
    DerivedKey, Driver, DriverName, Error, ErrorKind, Establish, Event, EventKind, Expected, Key,
    KeyOf, KeyRing, Loaded, ManualClock, Observer, OnOutage, OnSaveFailure, Opening, Outcome,
    PlainRecords, RawValue, Record, Refusal, Renewal, SameSite, Saved, Scope, Secret,
    SessionConfig, SessionId, SessionManager, Settings, SystemClock, Timestamp, Token, Touched,
    Transport, Values, Verified, Version, async_trait, builder, merge,
};
#[cfg(feature = "redis")]
pub use session_tower::{Ending, Endings, RedisDriver};

pub use crate::extract::{Session, Sessions};
pub use crate::layer::SessionLayer;
pub use crate::rejection::SessionRejection;
pub use crate::service::SessionService;
