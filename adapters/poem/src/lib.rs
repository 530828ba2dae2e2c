//! Sessions for poem: signed cookie sessions by default, server-side ones when a logout must really revoke.
//!
//! This crate is all that an application needs: it re-exports the drivers of its features and the session system
//! itself.
//!
//! # Set up, read and write
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_poem::{CookieDriver, Secret, Session, SessionError, SessionManager, SessionMiddleware};
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("visit number {visits}"))
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
//! Each verb that writes can fail, with a value too large for the cookie or a store that is down; the `?` turns
//! that into 413, 503 or 500 by [`SessionError`]. In a handler that returns [`poem::Result`], because it fails in other
//! ways as well, write `.map_err(SessionError::from)?`.
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
//!     // There on the next request, then gone.
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
//!     // … after the password was checked: a new id, so that nobody who knew the old one is logged in too.
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
//! # Some routes only
//!
//! The middleware covers the endpoint that it is put around, be it a whole `Route` or a single handler:
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
//! Around a `Route` it covers the 404 of that as well, so a request for `/favicon.ico` counts as one that ages flash. It
//! does not where sessions open lazily ([`Opening::Lazy`]): then only a handler that takes the session opens it.
//!
//! A handler that takes [`Session`] on a route without the middleware answers 500, and the log names the fix; one
//! that takes `Option<Session>` gets `None`.
//!
//! # Errors, and what sees them
//!
//! A handler that fails has a session like any other: what it put until then is saved, and the answer carries the cookie.
//! An error of poem has no headers of its own, so it has to become a response for that. [`SessionMiddleware`] makes it
//! one, as poem's own `Cors` does, and *where* an error is caught decides what it still is:
//!
//! - **Inside of the middleware**, added before it, an error has its type. What `catch_error`, `catch_all_error` and
//!   `inspect_err` see and answer there is as it is without sessions, and carries the cookie.
//! - **Outside of it**, added after it, there is a response and no error any more, whatever its type was, `NotFoundError`
//!   included. It has the status and the body that poem makes of the error, and what `Error::set_data` gave that is
//!   among its extensions. poem's `Tracing` logs its status there, and inside the error's text as well.
//!
//! Passed on with its type, an error could be caught outside, and the response made there would lack the cookie: a
//! visitor whose id was regenerated would be left with one that is no longer good. So put the middleware around the error
//! handlers:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use poem::{EndpointExt, IntoResponse, Route, get, handler, test::TestClient};
//! use poem::error::{NotFoundError, ResponseError};
//! use poem::http::StatusCode;
//! use session_poem::{CookieDriver, Opening, Secret, Session, SessionError, SessionManager, SessionMiddleware};
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
//! An application with one page for its errors and sessions on a few routes puts the middleware outermost in the same way
//! and opens sessions lazily, as here: the other routes are left alone.
//!
//! The middleware itself fails with a [`SessionError`] only where the manager is to refuse requests while its store is
//! down. That error keeps its type: there is no cookie to carry. An inner middleware of two that are nested passes errors
//! on.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. In a WebSocket's task or a stream
//! of server-sent events it can still be read; a write there is an error
//! ([`ErrorKind::Closed`]) and not silently lost.
//!
//! A client that hangs up does not cut a save short. Over HTTP/1.1 poem's server even runs the handler to its end, so that
//! what it does to the session is saved as well.
//!
//! # With poem-openapi
//!
//! A handler of `poem-openapi` takes [`Session`] as it takes each extractor of poem, and the middleware goes around the
//! `Route` that its service is nested in. `poem-openapi` has to know the responses of an error, so return [`poem::Result`]:
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
//!         Ok(PlainText(format!("visit number {visits}")))
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
//! With the feature `testing`, among the dev-dependencies. poem's `TestClient` needs no server; a
//! [`testing::Visitor`] brings the session's cookie and takes the answer:
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
//! `cookie` (default), `memory` and `redis` bring the drivers of that name; `redis-tls` allows `rediss://` URLs;
//! `testing` brings the module [`testing`]. Of poem itself only its default feature `server` is on.

// Links lead to what the feature brings.
#![cfg_attr(not(feature = "testing"), allow(rustdoc::broken_intra_doc_links))]

mod error;
mod extract;
mod middleware;

pub use session_tower::application::*;

pub use crate::error::SessionError;
pub use crate::extract::Session;
pub use crate::middleware::{SessionEndpoint, SessionMiddleware};
