//! Sessions for an application's tests: with given data, across requests, and with a clock that the test moves.
//!
//! Turn on the feature `testing` of your framework's crate, or of `session-core`, in the dev-dependencies.
//!
//! # A function that takes a `Session`
//!
//! [`session`] creates one without a manager, and [`next_request`] returns the session of the request that follows:
//!
//! ```
//! use session_core::{Error, Session, testing};
//!
//! fn rename(session: &Session, name: &str) -> Result<(), Error> {
//!     session.put("name", name)?;
//!     session.flash("notice", "Saved!")
//! }
//!
//! let session = testing::session(|session| session.put("name", "Ada"));
//! rename(&session, "Grace")?;
//! assert_eq!(session.get::<String>("name")?.as_deref(), Some("Grace"));
//! let next = testing::next_request(&session);
//! assert_eq!(next.get_flash::<String>("notice")?.as_deref(), Some("Saved!"));
//! # Ok::<(), Error>(())
//! ```
//!
//! # An application
//!
//! [`TestSessions`] holds the manager for the application and a clock that the test moves. A [`Visitor`] keeps the
//! session's cookie, as a browser does:
//!
//! ```
//! use std::time::Duration;
//! use session_core::testing::TestSessions;
//!
//! # pollster::block_on(async {
//! let sessions = TestSessions::new();
//! let manager = sessions.manager(); // for the application
//!
//! let mut ada = sessions.visitor(|session| session.put("user_id", 42)).await;
//! let thief = ada.clone();
//! ada.visit(|session| session.regenerate()).await;
//! assert_eq!(ada.session().await.get("user_id")?, Some(42));
//! assert!(thief.session().await.is_new(), "the old id is useless");
//!
//! sessions.advance(manager.lifetime());
//! assert!(ada.session().await.is_new(), "expired");
//! # Ok::<(), session_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! Over HTTP, a request carries [`Visitor::cookie`], and [`Visitor::receive_headers`] takes the response. The docs of each
//! framework's crate have an example.
//!
//! The functions of this module panic where a test would unwrap.

use std::fmt;
use std::time::Duration;

use crate::commit::lifetime::Lifetimes;
use crate::record::owner::Ownership;
use crate::session::life::Duties;
use crate::session::state::State;
use crate::{
    Builder, Clock, Error, Headers, Loaded, ManualClock, MemoryDriver, Outcome, Secret, Session,
    SessionManager, SystemClock, Version,
};

/// The session system of an application under test: a manager and its clock.
///
/// The clock starts at the system's time and stands still. [`advance`](Self::advance) moves it.
#[derive(Clone, Debug)]
pub struct TestSessions {
    manager: SessionManager,
    clock: ManualClock,
}

impl TestSessions {
    /// Creates a session system with a [`MemoryDriver`], a random secret and the default settings.
    ///
    /// # Panics
    ///
    /// Panics if the operating system's random number generator fails.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|clock| {
            let secret = Secret::generate().expect("no random bytes");
            SessionManager::builder(MemoryDriver::new().with_clock(clock), secret)
        })
    }

    /// Creates a session system with your own driver and settings. `build` gets the clock, for a driver that needs one.
    /// The manager gets it in any case.
    ///
    /// # Panics
    ///
    /// Panics if the settings are invalid.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::{CookieOptions, MemoryDriver, Opening, Secret, SessionManager};
    /// use session_core::testing::TestSessions;
    ///
    /// let secret = Secret::new("correct horse battery staple, and then some")?;
    /// let sessions = TestSessions::with(|clock| {
    ///     SessionManager::builder(MemoryDriver::new().with_clock(clock), secret)
    ///         .cookie(CookieOptions::default().name("__Host-session"))
    ///         .opening(Opening::Lazy)
    /// });
    /// assert_eq!(sessions.manager().cookie_name(), "__Host-session");
    /// # Ok::<(), session_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with(build: impl FnOnce(ManualClock) -> Builder) -> Self {
        let clock = ManualClock::new(SystemClock.now());
        let manager = build(clock.clone()).clock(clock.clone()).build();
        Self {
            manager: manager.expect("the settings are impossible"),
            clock,
        }
    }

    /// Returns the manager, for the application.
    #[must_use]
    pub fn manager(&self) -> SessionManager {
        self.manager.clone()
    }

    /// Returns the clock, for an application that uses it too.
    #[must_use]
    pub const fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Moves the clock forward.
    pub fn advance(&self, step: Duration) {
        self.clock.advance(step);
    }

    /// Returns a visitor without a cookie.
    #[must_use]
    pub fn guest(&self) -> Visitor {
        Visitor {
            manager: self.manager(),
            token: None,
        }
    }

    /// Returns a visitor whose session was filled by `fill` in an earlier request. What `fill` flashed can be read in the
    /// next request.
    ///
    /// # Panics
    ///
    /// Panics if `fill` fails or the session cannot be saved.
    pub async fn visitor(&self, fill: impl FnOnce(&Session) -> Result<(), Error>) -> Visitor {
        let mut visitor = self.guest();
        visitor.visit(fill).await;
        visitor
    }
}

impl Default for TestSessions {
    fn default() -> Self {
        Self::new()
    }
}

/// A client that keeps its session's cookie between requests, as a browser does. Created by [`TestSessions::visitor`] and
/// [`TestSessions::guest`].
///
/// A clone is somebody with a copy of the cookie, such as a thief, or a request that is still on its way. It does not notice
/// when the session ends. Only the server does.
#[derive(Clone)]
pub struct Visitor {
    manager: SessionManager,
    token: Option<String>,
}

impl Visitor {
    /// Returns the Cookie header of the visitor's next request. It is empty if the visitor has no cookie.
    #[must_use]
    pub fn cookie(&self) -> String {
        match &self.token {
            Some(token) => format!("{}={token}", self.manager.cookie_name()),
            None => String::new(),
        }
    }

    /// Returns the cookie's value, for [`SessionManager::open`].
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns the session behind the visitor's cookie, as the next request would find it. This does not count as a request:
    /// flash does not age, and writes are not saved.
    ///
    /// # Panics
    ///
    /// Panics if the store fails and the manager refuses requests then.
    pub async fn session(&self) -> Session {
        let session = self.manager.open(self.token()).await;
        session.expect("the session was not opened")
    }

    /// Makes a request, from opening the session to committing it, and returns what `handler` returns.
    ///
    /// # Panics
    ///
    /// Panics if `handler` fails or the session cannot be saved.
    pub async fn visit<T>(&mut self, handler: impl FnOnce(&Session) -> Result<T, Error>) -> T {
        let session = self.session().await;
        let result = handler(&session).expect("the handler failed");
        let outcome = self.manager.commit(&session).await;
        self.receive(&outcome.expect("the session was not saved"));
        result
    }

    /// Applies the outcome of a commit: stores, keeps or removes the cookie.
    pub fn receive(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Keep => {}
            Outcome::Set(token) => self.token = Some(token.as_str().to_owned()),
            Outcome::Clear => self.token = None,
        }
    }

    /// Applies the Set-Cookie headers of a response. Only the cookie's name and value count, not its path, and not `Secure`,
    /// so a test needs no HTTPS.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { pollster::block_on(async {
    /// use session_core::testing::TestSessions;
    ///
    /// # let sessions = TestSessions::new();
    /// # let manager = sessions.manager();
    /// # let session = manager.open(None).await?;
    /// # session.put("name", "Ada")?;
    /// # let mut response = http::Response::new(());
    /// # manager.commit_headers(&session, response.headers_mut()).await?;
    /// let mut visitor = sessions.guest();
    /// // let response = … the application's answer to a request with visitor.cookie() …
    /// visitor.receive_headers(response.headers());
    /// assert_eq!(visitor.session().await.get::<String>("name")?.as_deref(), Some("Ada"));
    /// # Ok(()) }) }
    /// ```
    pub fn receive_headers(&mut self, headers: &impl Headers) {
        for line in headers.get_all("set-cookie") {
            if let Ok(line) = std::str::from_utf8(line.as_ref()) {
                self.receive_set_cookie(line);
            }
        }
    }

    /// Applies the value of one Set-Cookie header, as [`receive_headers`](Self::receive_headers) does.
    pub fn receive_set_cookie(&mut self, line: &str) {
        let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
        if let Some((name, value)) = pair
            && name == self.manager.cookie_name()
        {
            // The line that removes the cookie has no value.
            self.token = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
}

/// The token is redacted.
impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor")
            .field("has_cookie", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Creates the session of a request without a manager, for functions that take a [`Session`].
///
/// `fill` runs in an earlier request, so what it flashes can be read in this one. If it does nothing, the session is that of
/// a new visitor.
///
/// # Panics
///
/// Panics if `fill` fails, or if the operating system's random number generator fails.
#[must_use]
pub fn session(fill: impl FnOnce(&Session) -> Result<(), Error>) -> Session {
    let session = Session::new(State::new(None));
    fill(&session).expect("the session was not filled");
    next_request(&session)
}

/// Returns the session of the request after this one: data that was put is there, flash can be read, and a destroyed session
/// is gone. The given session stays as it is.
///
/// # Panics
///
/// Panics if the operating system's random number generator fails.
#[must_use]
pub fn next_request(session: &Session) -> Session {
    let mut state = session.look();
    if state.life.origin().is_none() && !state.is_established() {
        return Session::new(State::new(None));
    }
    let id = state.id().expect("no random bytes");
    let record = state.record(
        id,
        None,
        Lifetimes::default().expiry(SystemClock.now(), None),
    );
    let loaded = Loaded::new(record, Version::none());
    Session::new(State::loaded(
        loaded,
        Duties::default(),
        Ownership::default(),
        None,
    ))
}

/// Returns the session of a request whose store does not answer. It reads as empty, and every write fails with
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable).
#[must_use]
pub fn unavailable() -> Session {
    Session::new(State::unavailable(None))
}
