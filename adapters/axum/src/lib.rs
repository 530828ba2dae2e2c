//! Sessions for axum: signed cookie sessions by default, server-side ones when a logout must really revoke.
//!
//! This crate is all that an application needs: it re-exports the layer, the drivers of its features and the
//! session system itself.
//!
//! # Set up, read and write
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_axum::{CookieDriver, Secret, Session, SessionLayer, SessionManager, SessionRejection};
//!
//! async fn visits(session: Session) -> Result<String, SessionRejection> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("visit number {visits}"))
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
//! Each verb that writes can fail, with a value too large for the cookie or a store that is down; the `?` turns
//! that into 413, 503 or 500 by [`SessionRejection`].
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
//!     // There on the next request, then gone.
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
//!     // … after the password was checked: a new id, so that nobody who knew the old one is logged in too.
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
//! # Some routes only
//!
//! `Router::layer` covers the routes that were added before it, so sessions for the web pages and none for the
//! API is a matter of order:
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
//! `layer` covers the router's own 404 as well, so a request for `/favicon.ico` counts as one that ages flash;
//! `route_layer` covers the routes only.
//!
//! A handler that takes [`Session`] on a route without the layer answers 500, and the log names the fix; one
//! that takes `Option<Session>` gets `None`.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. In a WebSocket's task or a stream
//! of server-sent events it can still be read; a write there is an error
//! ([`ErrorKind::Closed`]) and not silently lost.
//!
//! # Testing a handler
//!
//! The layer needs no server: send requests to the router with `tower::ServiceExt::oneshot`, and give the
//! manager a [`ManualClock`] to move time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use session_axum::{CookieDriver, Outcome, Secret, Session, SessionLayer, SessionManager};
//! use tower::ServiceExt;
//!
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//! let whoami = |session: Session| async move { session.get_or("name", String::new()).unwrap_or_default() };
//! let app = Router::new().route("/", get(whoami)).layer(SessionLayer::new(manager.clone()));
//!
//! // A session with given data …
//! let session = manager.open(None).await?;
//! session.put("name", "Ada")?;
//! let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
//!
//! // … in a request.
//! let cookie = format!("{}={}", manager.cookie_name(), token.as_str());
//! let response = app.oneshot(Request::get("/").header("cookie", cookie).body(Body::empty())?).await?;
//! let body = axum::body::to_bytes(response.into_body(), 100).await?;
//! assert_eq!(body, "Ada");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! `cookie` (default), `memory` and `redis` bring the drivers of that name; `redis-tls` allows `rediss://` URLs.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

mod extract;
mod rejection;

pub use session_tower::application::*;
pub use session_tower::{SessionLayer, SessionService};

pub use crate::extract::Session;
pub use crate::rejection::SessionRejection;
