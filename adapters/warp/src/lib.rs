//! Sessions for warp: signed cookie sessions by default, server-side ones when a logout must really revoke.
//!
//! This crate is all that an application needs: it re-exports the layer, the drivers of its features and the session
//! system itself.
//!
//! # Set up, read and write
//!
//! [`serve`] is warp's own with the session layer around the routes; the filter [`session`] gives a handler its session:
//!
//! ```no_run
//! use session_warp::{Session, SessionLayer, SessionRejection};
//! use warp::Filter;
//!
//! async fn visits(session: Session) -> Result<String, SessionRejection> {
//!     let visits = session.update("visits", 0, |visits| visits + 1)?;
//!     Ok(format!("visit number {visits}"))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let routes = warp::path::end().and(session_warp::session()).then(visits);
//!     // SESSION_SECRET and so on; SessionManager::builder for settings in code.
//!     let sessions = SessionLayer::from_env().await?;
//!     session_warp::serve(routes, sessions).run(([127, 0, 0, 1], 3000)).await?;
//!     Ok(())
//! }
//! ```
//!
//! Each verb that writes can fail, with a value too large for the cookie or a store that is down; the `?` turns that into
//! 413, 503 or 500 by [`SessionRejection`]. It is a reply for [`Filter::then`](warp::Filter::then), and a rejection for
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
//!     // There on the next request, then gone.
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
//!     // … after the password was checked: a new id, so that nobody who knew the old one is logged in too.
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
//! // POST, because a link or an image on another site can make a browser GET anything.
//! fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
//!     let login = warp::path!("login").and(session_warp::session()).then(login);
//!     let logout = warp::path!("logout").and(session_warp::session()).then(logout);
//!     warp::post().and(login.or(logout))
//! }
//! # routes();
//! ```
//!
//! # Some routes only
//!
//! The layer is around all routes, because a filter of warp can neither run around another one nor put anything into a
//! request. So it saves whatever the routes do: after a rejection as well, and what `recover` replies carries the cookie.
//! It also ages flash by every request, be it for `/favicon.ico`. Where sessions open lazily, only a route that takes its
//! session asks the store and ages flash:
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
//! Or stay with `warp::serve`, and let single routes have a session by [`route_session`]. It covers the route's handler:
//! what that replies, be it an error, carries the cookie. A request that is rejected before its handler runs does not open
//! the session, and `recover` replies without it.
//!
//! ```
//! # use session_warp::{CookieDriver, RouteSession, Secret, Session, SessionManager, SessionRejection};
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
//! A handler that takes [`session`] without either answers 500, and the log names the fix; [`optional_session`] gives
//! `None`.
//!
//! # Code far from the handler
//!
//! [`Session::current`] is the session of the request that the running task serves.
//!
//! # Responses that outlive the handler
//!
//! The session is saved when the handler returns, before the body streams. In a WebSocket's task or a stream of
//! server-sent events it can still be read; a write there is an error ([`ErrorKind::Closed`]) and not silently lost.
//!
//! # Testing a handler
//!
//! With the feature `testing`, among the dev-dependencies. `warp::test` needs neither server nor layer: `extension` puts
//! the session into the request.
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
//! Where the handler's own code asks [`Session::current`], the request runs in the session's scope:
//! `session.scope(request.reply(&routes()))`.
//!
//! The whole application, cookies included, is a [`service`]. A `testing::Visitor` brings the session's cookie and takes
//! the answer:
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
//! `cookie` (default), `memory` and `redis` bring the drivers of that name; `redis-tls` allows `rediss://` URLs; `testing`
//! brings the module `testing`.

mod filter;
mod listener;
mod rejection;
mod remote;
mod route;
mod serve;
mod service;

pub use session_tower::application::*;
pub use session_tower::{Session, SessionLayer, SessionService};

pub use crate::filter::{optional_session, session};
pub use crate::listener::Listener;
pub use crate::rejection::{SessionRejection, recover};
pub use crate::remote::remote;
pub use crate::route::{RouteSession, route_session};
pub use crate::serve::{Server, serve};
pub use crate::service::service;
