//! Sessions for warp: signed cookies, or server-side storage whose logouts revoke every copy.
//!
//! An application depends on this crate and no other of this project: it re-exports the drivers and
//! the session system.
//!
//! # Reading and writing
//!
//! [`serve`] is `warp::serve` with the session layer around the routes. The filter
//! [`session`](session()) gives a handler its session:
//!
//! ```no_run
//! use session_warp::{Session, SessionLayer, SessionRejection};
//! use warp::Filter;
//!
//! async fn visits(session: Session) -> Result<String, SessionRejection> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("This is visit number {visits}."))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let routes = warp::path::end().and(session_warp::session()).then(visits);
//!     // Reads SESSION_SECRET and other variables. For settings in code: SessionManager::builder.
//!     let sessions = SessionLayer::from_env().await?;
//!     session_warp::serve(routes, sessions).run(([127, 0, 0, 1], 3000)).await?;
//!     Ok(())
//! }
//! ```
//!
//! A write fails if the value is too large for the cookie or the store is down.
//! [`SessionRejection`] turns the error into a response with status 413, 503, or 500, so a handler
//! uses `?`. It is a reply for [`Filter::then`](warp::Filter::then) and a rejection for
//! [`Filter::and_then`](warp::Filter::and_then).
//!
//! # Flash across a redirect
//!
//! ```
//! use session_warp::{Session, SessionRejection};
//! use warp::{Reply, http::Uri};
//!
//! async fn save(session: Session) -> Result<impl Reply, SessionRejection> {
//!     session.flash("notice", "Saved!")?;
//!     Ok(warp::redirect::see_other(Uri::from_static("/")))
//! }
//!
//! async fn index(session: Session) -> Result<String, SessionRejection> {
//!     // Readable on the next request only.
//!     Ok(session.get_flash_or("notice", String::new())?)
//! }
//! # use warp::Filter;
//! # let _ = warp::post().and(session_warp::session()).then(save).or(session_warp::session().then(index));
//! ```
//!
//! # Login and logout
//!
//! ```
//! use session_warp::{Session, SessionRejection};
//! use warp::{Filter, Rejection, Reply, http::Uri};
//!
//! async fn login(session: Session) -> Result<impl Reply, SessionRejection> {
//!     // After the password check: a new id, in case somebody else knows the old one.
//!     session.regenerate()?;
//!     session.put("user_id", 42)?;
//!     Ok(warp::redirect::see_other(Uri::from_static("/")))
//! }
//!
//! async fn logout(session: Session) -> Result<impl Reply, SessionRejection> {
//!     session.destroy()?;
//!     Ok(warp::redirect::see_other(Uri::from_static("/")))
//! }
//!
//! // POST, because a link or an image on another site can make a browser GET any address.
//! fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
//!     let login = warp::path!("login").and(session_warp::session()).then(login);
//!     let logout = warp::path!("logout").and(session_warp::session()).then(logout);
//!     warp::post().and(login.or(logout))
//! }
//! # routes();
//! ```
//!
//! # Sessions for some routes only
//!
//! The layer is around all routes, because a warp filter can neither wrap another filter nor add to
//! a request. So the session is saved even after a rejection, and a reply from `recover` carries
//! the cookie. But every request ages flash, including one for a missing `/favicon.ico`. If
//! sessions open lazily, only a route that takes its session asks the store and ages flash:
//!
//! ```
//! # use session_warp::{CookieDriver, Opening, Secret, Session, SessionManager};
//! # use warp::Filter;
//! # fn app() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = SessionManager::builder(CookieDriver, Secret::generate()?)
//!     .opening(Opening::Lazy)
//!     .build()?;
//! let index = warp::path::end().and(session_warp::session()).map(|session: Session| session.all().to_json());
//! let health = warp::path!("health").map(|| "no session here");
//! let server = session_warp::serve(index.or(health), sessions);
//! # Ok(())
//! # }
//! # app().unwrap();
//! ```
//!
//! Or keep `warp::serve` and give single routes a session with [`route_session`]. It covers the
//! route's handler, whose reply carries the cookie even if it is an error. A request that is
//! rejected before its handler runs does not open the session, and a reply from `recover` carries
//! no cookie.
//!
//! ```
//! # use session_warp::{CookieDriver, RouteSession, Secret};
//! # use session_warp::{Session, SessionManager, SessionRejection};
//! # use warp::Filter;
//! # fn app() -> Result<(), Box<dyn std::error::Error>> {
//! # let sessions = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! async fn visits(session: Session) -> Result<String, SessionRejection> {
//!     Ok(session.update("visits", 0, |visits| visits + 1)?.to_string())
//! }
//!
//! let index = warp::path::end()
//!     .and(session_warp::route_session(sessions))
//!     .then(|route: RouteSession| route.run(visits));
//! let health = warp::path!("health").map(|| "no session here");
//! let server = warp::serve(index.or(health));
//! # Ok(())
//! # }
//! # app().unwrap();
//! ```
//!
//! A route with [`session`](session()) but without either of them answers 500. The log names the
//! route and the fix, and in debug builds the response does too. [`optional_session`] gives `None`.
//!
//! # Code far from the handler
//!
//! [`Session::current`] returns the session of the request that the running task serves.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. A WebSocket task or a
//! stream of server-sent events can still read it. A write there is an error
//! ([`ErrorKind::Closed`]), not silently lost.
//!
//! # Testing a handler
//!
//! Enable the `testing` feature in your dev-dependencies. `warp::test` needs neither a server nor a
//! layer: `extension` adds the session to the request.
//!
//! ```
//! use session_warp::{Session, SessionRejection, testing};
//! use warp::{Filter, Rejection, Reply};
//!
//! async fn logout(session: Session) -> Result<&'static str, SessionRejection> {
//!     session.destroy()?;
//!     session.flash("notice", "Goodbye!")?;
//!     Ok("bye")
//! }
//!
//! fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
//!     warp::post().and(warp::path!("logout")).and(session_warp::session()).then(logout)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let session = testing::session(|session| session.put("user_id", 42));
//!
//! let request = warp::test::request().method("POST").path("/logout").extension(session.clone());
//! assert_eq!(request.reply(&routes()).await.body(), "bye");
//!
//! let next = testing::next_request(&session);
//! assert!(!next.has("user_id"));
//! assert_eq!(next.get_flash::<String>("notice")?.as_deref(), Some("Goodbye!"));
//! # Ok(())
//! # }
//! ```
//!
//! If a handler uses [`Session::current`], run the request in the session's scope:
//! `session.scope(request.reply(&routes()))`.
//!
//! To test the whole application with its cookies, use [`service`](service()). A
//! [`testing::Visitor`] sends the session's cookie and keeps the one that comes back:
//!
//! ```
//! # use session_warp::{Session, SessionRejection};
//! # use warp::{Filter, Rejection, Reply};
//! # async fn logout(session: Session) -> Result<&'static str, SessionRejection> {
//! #     session.destroy()?;
//! #     session.flash("notice", "Goodbye!")?;
//! #     Ok("bye")
//! # }
//! # fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
//! #     warp::post().and(warp::path!("logout")).and(session_warp::session()).then(logout)
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use session_warp::testing::TestSessions;
//! use tower::ServiceExt;
//! use warp::http::Request;
//!
//! let sessions = TestSessions::new();
//! let app = session_warp::service(routes(), sessions.manager());
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let request = Request::post("/logout").header("cookie", ada.cookie()).body(String::new())?;
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

mod filter;
mod listener;
mod rejection;
mod remote;
mod route;
mod serve;
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
    PlainRecords, RawValue, Record, Refusal, Renewal, SameSite, Saved, Scope, Secret, Session,
    SessionConfig, SessionId, SessionLayer, SessionManager, Settings, SystemClock, Timestamp,
    Token, Touched, Transport, Values, Verified, Version, async_trait, builder, merge,
};
#[cfg(feature = "redis")]
pub use session_tower::{Ending, Endings, RedisDriver};

pub use crate::filter::{optional_session, session, sessions};
pub use crate::listener::Listener;
pub use crate::rejection::{SessionRejection, recover};
pub use crate::remote::remote;
pub use crate::route::{RouteSession, route_session};
pub use crate::serve::{Server, serve};
pub use crate::service::service;
