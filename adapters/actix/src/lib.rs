//! Sessions for actix-web: signed cookies, or server-side storage whose logouts revoke every copy.
//!
//! An application depends on this crate and no other of this project: it re-exports the drivers and
//! the session system.
//!
//! # Reading and writing
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use session_actix::{Session, SessionError, SessionMiddleware};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("This is visit number {visits}."))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Reads SESSION_SECRET and other variables.
//!     let sessions = SessionMiddleware::from_env().await?;
//!     // Each worker thread calls this closure once. All of them share the manager.
//!     let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(visits));
//!     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?;
//!     Ok(())
//! }
//! ```
//!
//! A write fails if the value is too large for the cookie or the store is down. [`SessionError`]
//! turns the error into a response with status 413, 503, or 500, so a handler uses `?`. A handler
//! that also fails with other errors returns [`actix_web::Result`] and writes
//! `.map_err(SessionError::from)?`.
//!
//! [`Session`] is `Send` and `Sync`, but handlers need not be: they may hold an `Rc` across an
//! await, as usual in actix-web.
//!
//! # Flash across a redirect
//!
//! ```
//! use actix_web::web::Redirect;
//! use session_actix::{Session, SessionError};
//!
//! async fn save(session: Session) -> Result<Redirect, SessionError> {
//!     session.flash("notice", "Saved!")?;
//!     Ok(Redirect::to("/").see_other())
//! }
//!
//! async fn index(session: Session) -> Result<String, SessionError> {
//!     // Readable on the next request only.
//!     Ok(session.get_flash_or("notice", String::new())?)
//! }
//! ```
//!
//! # Login and logout
//!
//! ```
//! use actix_web::web::Redirect;
//! use session_actix::{Session, SessionError};
//!
//! async fn login(session: Session) -> Result<Redirect, SessionError> {
//!     // After the password check: a new id, in case somebody else knows the old one.
//!     session.regenerate()?;
//!     session.put("user_id", 42)?;
//!     Ok(Redirect::to("/").see_other())
//! }
//!
//! async fn logout(session: Session) -> Result<Redirect, SessionError> {
//!     session.destroy()?;
//!     Ok(Redirect::to("/").see_other())
//! }
//! ```
//!
//! # Sessions for some routes only
//!
//! The middleware covers what it wraps: the `App`, a scope, or a single resource:
//!
//! ```
//! # use actix_web::{App, web};
//! # use session_actix::{CookieDriver, Secret, SessionManager, SessionMiddleware};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async fn index() -> &'static str { "page" }
//! # async fn health() -> &'static str { "ok" }
//! # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! # let sessions = SessionMiddleware::new(manager);
//! let api = web::scope("/api").route("/health", web::get().to(health));
//! let pages = web::scope("").wrap(sessions).route("/", web::get().to(index));
//! // The first scope that matches answers.
//! let app = App::new().service(api).service(pages);
//! # Ok(())
//! # }
//! ```
//!
//! Around an `App` or a scope it also covers their 404, so a request for a missing `/favicon.ico`
//! ages flash. If sessions open lazily ([`Opening::Lazy`]), it does not: only a handler that takes
//! the session opens it.
//!
//! A handler that takes [`Session`] on a route without the middleware answers 500. The log names
//! the route and the fix, and in debug builds the response does too. A handler that takes
//! `Option<Session>` gets `None`.
//!
//! # Errors and who sees them
//!
//! If a handler fails, its session is saved like any other, and the response carries the cookie.
//! The same is true if a middleware inside this one answers early, or fails. Such an error has no
//! headers, so [`SessionMiddleware`] asks it for its response, adds the cookie, and passes on an
//! error with the same text and with this response. So outside of this middleware, an error from
//! inside has lost its type. Put a middleware that looks for errors of a type inside, which means
//! that its `wrap` comes before this one's.
//!
//! The middleware itself fails with a [`SessionError`] if the manager refuses requests while its
//! store is down.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. A stream of server-sent
//! events or a WebSocket task of `actix-ws` can still read it. A write there is an error
//! ([`ErrorKind::Closed`]), not silently lost.
//!
//! A client that disconnects does not interrupt a save: once begun, it is finished by a task on the
//! same worker thread.
//!
//! # Testing a handler
//!
//! Enable the `testing` feature in your dev-dependencies. `actix_web::test` needs no server. A
//! [`testing::Visitor`] sends the session's cookie and keeps the one that comes back:
//!
//! ```
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, web};
//! use session_actix::testing::TestSessions;
//! use session_actix::{Session, SessionError, SessionMiddleware};
//!
//! async fn logout(session: Session) -> Result<&'static str, SessionError> {
//!     session.destroy()?;
//!     session.flash("notice", "Goodbye!")?;
//!     Ok("logged out")
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = TestSessions::new();
//! let app = App::new()
//!     .wrap(SessionMiddleware::new(sessions.manager()))
//!     .route("/logout", web::post().to(logout));
//! let app = init_service(app).await;
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let request = TestRequest::post().uri("/logout").insert_header(("cookie", ada.cookie()));
//! let response = call_service(&app, request.to_request()).await;
//! assert!(response.status().is_success());
//! for line in response.headers().get_all("set-cookie") {
//!     ada.receive_set_cookie(line.to_str()?);
//! }
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
//!
//! Of actix-web, this crate needs no feature.

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
/// The page of the guide whose code needs this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/moving-from-actix-session.md")]
mod moving {}

mod error;
mod extract;
mod headers;
mod middleware;

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

pub use crate::error::SessionError;
pub use crate::extract::{Session, Sessions};
pub use crate::middleware::{SessionMiddleware, SessionService};
