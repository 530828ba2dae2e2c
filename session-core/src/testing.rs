//! Help for the tests of an application: sessions with given data, what became of them, and time that moves.
//!
//! Turn the feature on among the dev-dependencies: `session-core = { version = "0.1", features = ["testing"] }`, or the
//! crate of your framework with its feature of the same name.
//!
//! # A function that takes a `Session`
//!
//! [`session`] makes one out of nothing, and [`next_request`] shows what it leaves to the request that follows:
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
//! [`TestSessions`] is the manager that the application gets, with a clock that the test moves. A [`Visitor`] keeps
//! the session's cookie as a browser does:
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
//! assert!(thief.session().await.is_new(), "the old id is of no use");
//!
//! sessions.advance(manager.lifetime());
//! assert!(ada.session().await.is_new(), "expired");
//! # Ok::<(), session_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! Over HTTP a request carries [`Visitor::cookie`], and [`Visitor::receive_headers`] takes the response. The page of
//! each framework's crate has an example.
//!
//! Functions of this module panic where a test would unwrap.

use std::fmt;
use std::time::Duration;

use crate::options::Options;
use crate::state::{Budget, State};
use crate::{
    Builder, Capacity, Clock, Error, Loaded, ManualClock, MemoryDriver, Outcome, Secret, Session,
    SessionManager, SystemClock, Version,
};

/// The session system of an application under test: a manager, and the clock that it asks.
///
/// The clock starts at the time of the system and stands still; [`advance`](Self::advance) moves it.
#[derive(Clone, Debug)]
pub struct TestSessions {
    manager: SessionManager,
    clock: ManualClock,
}

impl TestSessions {
    /// Creates one with a [`MemoryDriver`], a random secret and the default settings.
    ///
    /// # Panics
    ///
    /// When the operating system gives no random bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|clock| {
            let secret = Secret::generate().expect("there are random bytes");
            SessionManager::builder(MemoryDriver::new().with_clock(clock), secret)
        })
    }

    /// Creates one with the application's own driver and settings. `build` is given the clock, for a driver that asks
    /// one; the manager gets it in any case.
    ///
    /// # Panics
    ///
    /// When the settings are impossible.
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
            manager: manager.expect("the settings are possible"),
            clock,
        }
    }

    /// Returns the manager, for the application.
    #[must_use]
    pub fn manager(&self) -> SessionManager {
        self.manager.clone()
    }

    /// Returns the clock, for an application that asks it too.
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

    /// Returns a visitor whose session `fill` filled in an earlier request: what it flashed is there on the next one.
    ///
    /// # Panics
    ///
    /// When `fill` fails or the session cannot be saved.
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

/// A client that keeps its session's cookie between requests, as a browser does. Made by [`TestSessions::visitor`] and
/// [`TestSessions::guest`].
///
/// A clone is somebody with a copy of the cookie: a thief, or a request that is on its way. It does not notice when its
/// session ends or expires; only the server does, as with a thief.
#[derive(Clone)]
pub struct Visitor {
    manager: SessionManager,
    token: Option<String>,
}

impl Visitor {
    /// Returns the Cookie header of the visitor's next request. Empty without a cookie, which a server reads as none.
    #[must_use]
    pub fn cookie(&self) -> String {
        match &self.token {
            Some(token) => format!("{}={token}", self.manager.cookie_name()),
            None => String::new(),
        }
    }

    /// Returns the cookie's value: what [`SessionManager::open`] is given.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns the session behind the visitor's cookie, as the next request would find it. Looking is no request: flash
    /// does not age, and what is written is not saved.
    ///
    /// # Panics
    ///
    /// When the store fails and the manager is to refuse requests then.
    pub async fn session(&self) -> Session {
        let session = self.manager.open(self.token()).await;
        session.expect("the session can be opened")
    }

    /// Makes a request of the visitor's, from opening the session to committing it, and returns what `handler` returns.
    ///
    /// # Panics
    ///
    /// When `handler` fails or the session cannot be saved.
    pub async fn visit<T>(&mut self, handler: impl FnOnce(&Session) -> Result<T, Error>) -> T {
        let session = self.session().await;
        let result = handler(&session).expect("the handler succeeds");
        let outcome = self.manager.commit(&session).await;
        self.receive(&outcome.expect("the session can be saved"));
        result
    }

    /// Takes what a commit asks of the client: a new cookie, none, or to keep the one it has.
    pub fn receive(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Keep => {}
            Outcome::Set(token) => self.token = Some(token.as_str().to_owned()),
            Outcome::Clear => self.token = None,
        }
    }

    /// Takes the cookie that a response sets or removes, if it does. Only its name and value count: not its path, and not
    /// `Secure`, so that a test needs no HTTPS.
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
    #[cfg(feature = "http")]
    pub fn receive_headers(&mut self, headers: &http::HeaderMap) {
        for line in headers.get_all(http::header::SET_COOKIE) {
            let pair = line.to_str().ok().and_then(|line| line.split(';').next());
            let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if name == self.manager.cookie_name() {
                // The line that removes the cookie has no value.
                self.token = Some(value.to_owned()).filter(|value| !value.is_empty());
            }
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

/// Makes the session of a request out of nothing, without a manager: for functions that take a [`Session`].
///
/// `fill` is what an earlier request did to it, so that what it flashes is there to be read. If it does nothing, the
/// session is that of a new visitor.
///
/// # Panics
///
/// When `fill` fails, or the operating system gives no random bytes.
#[must_use]
pub fn session(fill: impl FnOnce(&Session) -> Result<(), Error>) -> Session {
    let session = Session::new(State::fresh(budget()));
    fill(&session).expect("the session takes what it is filled with");
    next_request(&session)
}

/// Returns the session of the request that follows the one with this session: what was put is there, what was flashed
/// can be read, and what was destroyed is gone. The given session stays as it is.
///
/// # Panics
///
/// When the operating system gives no random bytes.
#[must_use]
pub fn next_request(session: &Session) -> Session {
    let mut state = session.look();
    if state.origin.is_none() && !state.is_established() {
        return Session::new(State::fresh(budget()));
    }
    let id = state.id().expect("there are random bytes");
    let record = state.record(id, None, budget().expires_at);
    let loaded = Loaded::new(record, Version::none());
    Session::new(State::loaded(loaded, false, None, budget()))
}

/// Returns the session of a request whose store does not answer: it reads as empty, and every write is
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable).
#[must_use]
pub fn unavailable() -> Session {
    Session::new(State::unavailable(budget()))
}

/// Without a driver there is no limit but the core's own.
fn budget() -> Budget {
    Budget {
        capacity: Capacity::Unlimited,
        cookie_name: 0,
        expires_at: Options::default().expiry(SystemClock.now(), None),
        created_at: None,
        begins_at: None,
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::{ErrorKind, Opening, Renewal};

    fn text(session: &Session) -> String {
        format!(
            "{} {}",
            session.all().to_json(),
            session.all_flash().to_json()
        )
    }

    #[test]
    fn a_bare_session_is_that_of_the_request_after_the_one_that_filled_it() {
        let session = session(|session| {
            session.put("user", "ada")?;
            session.flash("notice", "Hi")
        });
        assert_eq!(text(&session), r#"{"user":"ada"} {"notice":"Hi"}"#);
        assert!(!session.is_new() && session.is_available());
        assert!(session.expires_at().is_some());
    }

    #[test]
    fn a_bare_session_of_nothing_is_new() {
        let session = session(|_| Ok(()));
        assert!(session.is_new() && !session.is_modified());
    }

    #[test]
    fn the_next_request_sees_what_a_commit_would_have_stored() {
        let first = session(|session| {
            session.put("user", "ada")?;
            session.flash("notice", "Hi")
        });
        first.put("visits", 1).unwrap();
        first.flash("notice", "Saved!").unwrap();
        let second = next_request(&first);
        assert_eq!(
            text(&second),
            r#"{"user":"ada","visits":1} {"notice":"Saved!"}"#
        );
        assert_eq!(second.id().unwrap(), first.id().unwrap());
        assert_eq!(
            text(&next_request(&second)),
            r#"{"user":"ada","visits":1} {}"#
        );

        first.regenerate().unwrap();
        assert_eq!(next_request(&first).id().unwrap(), first.id().unwrap());
        first.destroy().unwrap();
        assert!(next_request(&first).is_new());
        first.flash("notice", "Goodbye!").unwrap();
        assert_eq!(text(&next_request(&first)), r#"{} {"notice":"Goodbye!"}"#);
    }

    #[test]
    fn a_session_of_a_store_that_is_down_refuses_writes() {
        let session = unavailable();
        assert!(!session.is_available());
        let error = session.put("user", "ada").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_visitor_keeps_the_cookie_that_comes_and_drops_it_when_told() {
        let sessions = TestSessions::new();
        block_on(async {
            let mut visitor = sessions.guest();
            assert_eq!((visitor.cookie(), visitor.token()), (String::new(), None));

            let visits = visitor
                .visit(|session| session.update("visits", 0, |visits| visits + 1))
                .await;
            assert_eq!(visits, 1);
            let cookie = visitor.cookie();
            assert_eq!(cookie, format!("session={}", visitor.token().unwrap()));

            // Nothing to save: the cookie stays.
            visitor.visit(|session| session.get::<u32>("visits")).await;
            assert_eq!(visitor.cookie(), cookie);

            visitor.visit(Session::destroy).await;
            assert_eq!(visitor.token(), None);
            assert!(visitor.session().await.is_new());
        });
    }

    #[test]
    fn looking_at_a_session_neither_ages_flash_nor_saves() {
        let sessions = TestSessions::new();
        block_on(async {
            let ada = sessions
                .visitor(|session| session.flash("notice", "Hi"))
                .await;
            for _ in 0..2 {
                let session = ada.session().await;
                assert_eq!(text(&session), r#"{} {"notice":"Hi"}"#);
                session.put("lost", true).unwrap();
            }
        });
    }

    #[test]
    fn time_moves_for_the_manager_and_its_driver() {
        let sessions = TestSessions::new();
        let lifetime = sessions.manager().lifetime();
        block_on(async {
            let mut ada = sessions.visitor(|session| session.put("user", "ada")).await;
            sessions.advance(lifetime * 2 / 3);
            ada.visit(|session| session.get::<String>("user")).await;
            sessions.advance(lifetime * 2 / 3);
            assert!(!ada.session().await.is_new(), "renewed by the visit");
            sessions.advance(lifetime / 3);
            assert!(ada.session().await.is_new());
        });
    }

    #[test]
    fn the_applications_own_settings_count() {
        let sessions = TestSessions::with(|clock| {
            let driver = MemoryDriver::new().with_clock(clock);
            SessionManager::builder(driver, Secret::generate().unwrap())
                .opening(Opening::Lazy)
                .renewal(Renewal::OnWrite)
        });
        assert!(sessions.manager().opens_lazily());
        block_on(async {
            let mut ada = sessions.visitor(|session| session.put("user", "ada")).await;
            sessions.advance(sessions.manager().lifetime() * 2 / 3);
            ada.visit(|session| session.get::<String>("user")).await;
            sessions.advance(sessions.manager().lifetime() * 2 / 3);
            assert!(ada.session().await.is_new(), "reading renewed nothing");
        });
    }

    #[test]
    fn debug_shows_no_token() {
        let sessions = TestSessions::new();
        let ada = block_on(sessions.visitor(|session| session.put("user", "ada")));
        assert_eq!(format!("{ada:?}"), "Visitor { has_cookie: true, .. }");
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_visitor_takes_the_sessions_cookie_out_of_a_response() {
        let sessions = TestSessions::new();
        let manager = sessions.manager();
        block_on(async {
            let mut visitor = sessions.guest();
            let mut headers = http::HeaderMap::new();
            headers.append("set-cookie", "session2=other; Path=/".parse().unwrap());
            visitor.receive_headers(&headers);
            assert_eq!(visitor.token(), None);

            let session = manager.open(None).await.unwrap();
            session.put("user", "ada").unwrap();
            manager
                .commit_headers(&session, &mut headers)
                .await
                .unwrap();
            visitor.receive_headers(&headers);
            assert_eq!(text(&visitor.session().await), r#"{"user":"ada"} {}"#);
            visitor.receive_headers(&http::HeaderMap::new());
            assert!(
                visitor.token().is_some(),
                "a response without a cookie changes nothing"
            );

            headers.clear();
            let session = visitor.session().await;
            session.destroy().unwrap();
            manager
                .commit_headers(&session, &mut headers)
                .await
                .unwrap();
            visitor.receive_headers(&headers);
            assert_eq!(visitor.token(), None);
        });
    }
}
