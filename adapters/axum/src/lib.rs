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
//! With the feature `testing`, among the dev-dependencies. The application needs no server: send requests to the router
//! with `tower::ServiceExt::oneshot`. A [`testing::Visitor`] brings the session's cookie and takes the answer:
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
//! A handler is also a function, and [`testing::session`] makes its argument:
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
//! `cookie` (default), `memory` and `redis` bring the drivers of that name; `redis-tls` allows `rediss://` URLs;
//! `testing` brings the module [`testing`].

// Links lead to what the feature brings.
#![cfg_attr(not(feature = "testing"), allow(rustdoc::broken_intra_doc_links))]

/// Pages of the guide whose code is that of an application.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/choosing-a-driver.md")]
    mod choosing_a_driver {}
    #[doc = include_str!("../../../docs/moving.md")]
    mod moving {}
    #[doc = include_str!("../../../docs/operating.md")]
    mod operating {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
}

mod extract;
mod rejection;

pub use session_tower::application::*;
pub use session_tower::{SessionLayer, SessionService};

pub use crate::extract::Session;
pub use crate::rejection::SessionRejection;
