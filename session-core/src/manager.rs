//! Opening a session at the start of a request and committing it at the end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::Builder;
use crate::commit::Commit;
use crate::options::{OnOutage, Opening, Options};
use crate::secret::Verified;
use crate::set_cookie::CookieTemplate;
use crate::state::{Budget, Plan, State};
use crate::{Clock, Driver, Error, KeyRing, Loaded, Session, Timestamp, events};

/// Opens and commits sessions: a driver, a ring of keys and the options, all checked.
///
/// Cheap to clone; clones are the same manager. It speaks strings and knows no HTTP, so it serves a
/// command-line tool or a WebSocket server as well; the feature `http` adds the functions over
/// `http::HeaderMap` that adapters share.
///
/// # Examples
///
/// ```
/// use session_core::{MemoryDriver, Outcome, Secret, SessionManager};
///
/// # pollster::block_on(async {
/// let secret = Secret::generate()?;
/// let manager = SessionManager::builder(MemoryDriver::new(), secret).build()?;
///
/// let session = manager.open(None).await?;
/// session.put("user_id", 42)?;
/// let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
///
/// let session = manager.open(Some(token.as_str())).await?;
/// assert_eq!(session.get("user_id")?, Some(42));
/// assert!(matches!(manager.commit(&session).await?, Outcome::Keep));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SessionManager(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) keys: KeyRing,
    pub(crate) cookie: CookieTemplate,
    pub(crate) options: Options,
    pub(crate) clock: Box<dyn Clock>,
}

/// What a commit asks of the client.
///
/// Exhaustive: a client can do nothing else with a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Keep whatever cookie it has.
    Keep,
    /// Store this token as the cookie's value.
    Set(Token),
    /// Remove the cookie.
    Clear,
}

/// A signed cookie value. `Debug` does not show it: it is the key to a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) value: String,
    pub(crate) ttl: Duration,
}

impl SessionManager {
    /// Starts building a manager. `keys` is a [`KeyRing`] or a single [`Secret`](crate::Secret).
    pub fn builder(driver: impl Driver, keys: impl Into<KeyRing>) -> Builder {
        Builder::new(Box::new(driver), keys.into())
    }

    /// Opens the session of a request that came with these tokens: the values of all its cookies of the
    /// session's name, in their order. `None` stands for none.
    ///
    /// The first that verifies and stands for a live session counts, so that a forged or stale duplicate
    /// cannot lock a user out; at most 8 are tried. Without any the session is new. So is it where the
    /// token is forged, expired or unknown: that is no error, and the client's id is never adopted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the store failed and the manager is to refuse
    /// then ([`OnOutage::Refuse`]). By default the session says so itself: [`Session::is_available`].
    pub async fn open<'a>(
        &self,
        tokens: impl IntoIterator<Item = &'a str>,
    ) -> Result<Session, Error> {
        for token in tokens.into_iter().take(MAX_CANDIDATES) {
            let Some(verified) = self.0.keys.verify(token) else {
                events::invalid();
                continue;
            };
            match self.0.driver().load(verified.handle).await {
                Ok(Some(loaded)) => {
                    if let Some(session) = self.admit(loaded, verified) {
                        return Ok(session);
                    }
                }
                Ok(None) => events::unknown(),
                Err(error) => {
                    events::load_failed(&error);
                    return match self.0.options.on_outage {
                        OnOutage::Serve => Ok(Session::new(State::unavailable(
                            self.0.budget(self.now(), None),
                        ))),
                        OnOutage::Refuse => Err(error),
                    };
                }
            }
        }
        Ok(Session::new(State::fresh(self.0.budget(self.now(), None))))
    }

    /// Closes the session and saves it if there is something to save.
    ///
    /// Changes of requests that were faster are merged. A session that ended meanwhile stays ended: the
    /// write is dropped, and the outcome is [`Outcome::Keep`]. After this, reading still works and writing
    /// is an error. Committing again does nothing.
    ///
    /// A commit that was begun should be driven to its end: dropped half way through
    /// [`regenerate`](Session::regenerate), it may leave the old record in the store. Adapters see to that.
    ///
    /// # Errors
    ///
    /// The client keeps its cookie, and what is stored is what was there before (less what was logged out of in the
    /// same request), when
    /// - [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable): the store failed (if its answer was lost, the save may
    ///   have taken place all the same);
    /// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge): the session, maybe once merged, exceeds the driver's capacity;
    /// - [`ErrorKind::Conflict`](crate::ErrorKind::Conflict): others were faster 256 times;
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode): an `update` met a value of another type, stored meanwhile;
    /// - [`ErrorKind::Random`](crate::ErrorKind::Random): there was no random id for a new session.
    pub async fn commit(&self, session: &Session) -> Result<Outcome, Error> {
        self.carry_out(self.close(session)).await
    }

    /// Returns the cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookie.name()
    }

    /// Returns the value of the Set-Cookie header that carries out `outcome`, `None` for [`Outcome::Keep`].
    #[must_use]
    pub fn set_cookie(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Keep => None,
            Outcome::Set(token) => Some(self.0.cookie.set(&token.value, token.ttl)),
            Outcome::Clear => Some(self.0.cookie.clear()),
        }
    }

    /// Returns how long a session lives that is not used.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.0.options.lifetime
    }

    /// Returns the time by the manager's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Says whether logging out ends a session for whoever copied its cookie too.
    #[must_use]
    pub fn can_revoke(&self) -> bool {
        self.0.driver().can_revoke()
    }

    /// Says whether middleware waits until the handler takes the session.
    #[must_use]
    pub fn opens_lazily(&self) -> bool {
        self.0.options.opening == Opening::Lazy
    }

    pub(crate) fn close(&self, session: &Session) -> Result<Plan, Error> {
        session.close(self.now(), &self.0.options)
    }

    pub(crate) async fn carry_out(&self, plan: Result<Plan, Error>) -> Result<Outcome, Error> {
        let result = match plan {
            Ok(plan) => Commit { manager: &self.0 }.carry_out(plan).await,
            Err(error) => Err(error),
        };
        result.inspect_err(events::save_failed)
    }

    /// Makes a session of a record, unless that is past.
    fn admit(&self, loaded: Loaded, verified: Verified<'_>) -> Option<Session> {
        let (now, options) = (self.now(), &self.0.options);
        let record = &loaded.record;
        if !options.is_live(now, record) {
            events::expired(record.id());
            return None;
        }
        let is_due = record
            .expires_at()
            .is_some_and(|expires_at| options.is_renewal_due(now, expires_at, record.created_at()));
        let reissue = (verified.key > 0 || is_due).then(|| verified.handle.to_owned());
        let budget = self.0.budget(now, record.created_at());
        Some(Session::new(State::loaded(loaded, is_due, reissue, budget)))
    }
}

impl Inner {
    /// The driver itself. A call on the box would go through the driver that each box is.
    pub(crate) fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    pub(crate) fn budget(&self, now: Timestamp, created_at: Option<Timestamp>) -> Budget {
        let begins_at = self.options.absolute_lifetime.map(|_| now);
        let created_at = created_at.or(begins_at);
        Budget {
            capacity: self.driver().capacity(),
            cookie_name: self.cookie.name().len(),
            expires_at: self.options.expiry(now, created_at),
            created_at,
            begins_at,
        }
    }
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("driver", &self.0.driver)
            .field("keys", &self.0.keys)
            .field("cookie", &self.0.cookie)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// Returns the signed value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Returns how long the session that it stands for lives, unless it is renewed.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// How many cookies of the session's name are looked at.
const MAX_CANDIDATES: usize = 8;
