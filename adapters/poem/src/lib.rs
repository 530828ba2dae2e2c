//! Sessions for poem: signed cookies, or server-side storage whose logouts revoke every copy.
//!
//! An application depends on this crate and no other of this project: it re-exports the drivers and
//! the session system.
//!
//! # Reading and writing
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_poem::{CookieDriver, Secret, Session};
//! use session_poem::{SessionError, SessionManager, SessionMiddleware};
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("This is visit number {visits}."))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In production: SessionMiddleware::from_env().await?
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let app = Route::new().at("/", get(visits)).with(SessionMiddleware::new(manager));
//! # Ok(())
//! # }
//! ```
//!
//! A write fails if the value is too large for the cookie or the store is down. [`SessionError`]
//! turns the error into a response with status 413, 503, or 500, so a handler uses `?`. A handler
//! that also fails with other errors returns [`poem::Result`] and writes
//! `.map_err(SessionError::from)?`.
//!
//! # Flash across a redirect
//!
//! ```
//! use poem::{handler, web::Redirect};
//! use session_poem::{Session, SessionError};
//!
//! #[handler]
//! async fn save(session: Session) -> Result<Redirect, SessionError> {
//!     session.flash("notice", "Saved!")?;
//!     Ok(Redirect::see_other("/"))
//! }
//!
//! #[handler]
//! async fn index(session: Session) -> Result<String, SessionError> {
//!     // Readable on the next request only.
//!     Ok(session.get_flash_or("notice", String::new())?)
//! }
//! ```
//!
//! # Login and logout
//!
//! ```
//! use poem::{handler, web::Redirect};
//! use session_poem::{Session, SessionError};
//!
//! #[handler]
//! async fn login(session: Session) -> Result<Redirect, SessionError> {
//!     // After the password check: a new id, in case somebody else knows the old one.
//!     session.regenerate()?;
//!     session.put("user_id", 42)?;
//!     Ok(Redirect::see_other("/"))
//! }
//!
//! #[handler]
//! async fn logout(session: Session) -> Result<Redirect, SessionError> {
//!     session.destroy()?;
//!     Ok(Redirect::see_other("/"))
//! }
//! ```
//!
//! # Sessions for some routes only
//!
//! The middleware covers the endpoint that it is around, which may be a whole `Route` or a single
//! handler:
//!
//! ```
//! # use poem::{EndpointExt, Route, endpoint::make_sync, get};
//! # use session_poem::{CookieDriver, Secret, SessionManager, SessionMiddleware};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (index, health) = (make_sync(|_| "page"), make_sync(|_| "ok"));
//! # let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let web = Route::new().at("/", get(index)).with(SessionMiddleware::new(manager));
//! let api = Route::new().at("/health", get(health));
//! let app = Route::new().nest("/", web).nest("/api", api);
//! # Ok(())
//! # }
//! ```
//!
//! Around a `Route` it also covers the `Route`'s 404, so a request for a missing `/favicon.ico`
//! ages flash. If sessions open lazily ([`Opening::Lazy`]), it does not: only a handler that takes
//! the session opens it.
//!
//! A handler that takes [`Session`] on a route without the middleware answers 500. The log names
//! the route and the fix, and in debug builds the response does too. A handler that takes
//! `Option<Session>` gets `None`.
//!
//! # Errors and who sees them
//!
//! If a handler fails, its session is saved like any other, and the response carries the cookie. An
//! error in poem has no headers, so it must become a response first. [`SessionMiddleware`] converts
//! it, as poem's own `Cors` does. What a handler of errors sees depends on its place:
//!
//! - **Inside the middleware**, added before it, errors keep their type. `catch_error`,
//!   `catch_all_error`, and `inspect_err` work as they do without sessions, and their responses
//!   carry the cookie.
//! - **Outside the middleware**, added after it, every error is already a response, including
//!   `NotFoundError`. It has the status and body that poem gives the error. Data from
//!   `Error::set_data` is in the response's extensions. poem's `Tracing` logs only the status
//!   there; inside, it also logs the error's text.
//!
//! If errors kept their type outside, a handler there could replace the response and lose the
//! cookie. A visitor with a regenerated id would then hold an id that no longer works. So put the
//! middleware around the error handlers:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use poem::{EndpointExt, IntoResponse, Route, get, handler, test::TestClient};
//! use poem::error::{NotFoundError, ResponseError};
//! use poem::http::StatusCode;
//! use session_poem::{CookieDriver, Opening, Secret, Session};
//! use session_poem::{SessionError, SessionManager, SessionMiddleware};
//!
//! #[derive(Debug)]
//! struct SoldOut;
//! # impl std::fmt::Display for SoldOut {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//! #         f.write_str("sold out")
//! #     }
//! # }
//! # impl std::error::Error for SoldOut {}
//!
//! impl ResponseError for SoldOut {
//!     fn status(&self) -> StatusCode {
//!         StatusCode::CONFLICT
//!     }
//! }
//!
//! #[handler]
//! async fn buy(session: Session) -> poem::Result<()> {
//!     session.flash("notice", "Try again tomorrow.").map_err(SessionError::from)?;
//!     Err(SoldOut.into())
//! }
//!
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?)
//!     .opening(Opening::Lazy)
//!     .build()?;
//! let app = Route::new()
//!     .at("/buy", get(buy))
//!     .catch_error(|_: SoldOut| async { "Nothing left.".with_status(StatusCode::GONE) })
//!     .catch_error(|_: NotFoundError| async { "No such page.".with_status(StatusCode::NOT_FOUND) })
//!     .with(SessionMiddleware::new(manager));
//!
//! let client = TestClient::new(app);
//! let response = client.get("/buy").send().await;
//! response.assert_status(StatusCode::GONE);
//! response.assert_header_exist("set-cookie");
//! response.assert_text("Nothing left.").await;
//! # client.get("/nothing").send().await.assert_text("No such page.").await;
//! # Ok(())
//! # }
//! ```
//!
//! If an application has one error page but sessions on a few routes only, put the middleware
//! outermost and open sessions lazily, as above. The other routes are left alone.
//!
//! The middleware itself fails with a [`SessionError`] only if the manager refuses requests while
//! its store is down. That error keeps its type, because there is no cookie to carry. If
//! middlewares are nested, the inner one passes errors on.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. A WebSocket task or a
//! stream of server-sent events can still read it. A write there is an error
//! ([`ErrorKind::Closed`]), not silently lost.
//!
//! A client that disconnects does not interrupt a save. Over HTTP/1.1, poem's server even runs the
//! handler to its end, so the handler's changes are saved too.
//!
//! # With poem-openapi
//!
//! A handler of `poem-openapi` takes [`Session`] like any other extractor. The middleware goes
//! around the `Route` that nests the service. `poem-openapi` must know the responses of an error,
//! so return [`poem::Result`]:
//!
//! ```
//! use poem::{EndpointExt, Route};
//! use poem_openapi::{OpenApi, OpenApiService, payload::PlainText};
//! use session_poem::{Session, SessionError, SessionMiddleware};
//!
//! struct Api;
//!
//! #[OpenApi]
//! impl Api {
//!     #[oai(path = "/visits", method = "post")]
//!     async fn visits(&self, session: Session) -> poem::Result<PlainText<String>> {
//!         let visits = session.update("visits", 0, |visits| visits + 1).map_err(SessionError::from)?;
//!         Ok(PlainText(format!("This is visit number {visits}.")))
//!     }
//! }
//!
//! fn app(sessions: SessionMiddleware) -> impl poem::Endpoint {
//!     let api = OpenApiService::new(Api, "Visits", "1.0").server("/api");
//!     Route::new().nest("/api", api).with(sessions)
//! }
//! ```
//!
//! # Testing a handler
//!
//! Enable the `testing` feature in your dev-dependencies. poem's `TestClient` needs no server. A
//! [`testing::Visitor`] sends the session's cookie and keeps the one that comes back:
//!
//! ```
//! use poem::{EndpointExt, Route, handler, post, test::TestClient};
//! use session_poem::testing::TestSessions;
//! use session_poem::{Session, SessionError, SessionManager, SessionMiddleware};
//!
//! #[handler]
//! async fn logout(session: Session) -> Result<(), SessionError> {
//!     session.destroy()?;
//!     session.flash("notice", "Goodbye!")?;
//!     Ok(())
//! }
//!
//! fn app(manager: SessionManager) -> impl poem::Endpoint {
//!     Route::new().at("/logout", post(logout)).with(SessionMiddleware::new(manager))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), session_poem::Error> {
//! let sessions = TestSessions::new();
//! let client = TestClient::new(app(sessions.manager()));
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let response = client.post("/logout").header("cookie", ada.cookie()).send().await;
//! response.assert_status_is_ok();
//! ada.receive_headers(response.0.headers());
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
//! Of poem, this crate needs only the default feature `server`.

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
#[doc = include_str!("../../../docs/moving-from-poem.md")]
mod moving {}

mod error;
mod extract;
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
pub use crate::middleware::{SessionEndpoint, SessionMiddleware};
