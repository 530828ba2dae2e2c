//! The manager: a driver, the keys and the options, all checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::options::Options;
use crate::config::settings::StoreOptions;
use crate::cookie::set_cookie::CookieTemplate;
use crate::events::observer::Events;
use crate::{Clock, Driver, Establish, KeyRing, Opening, Outcome, Record, Timestamp};

/// Opens and commits sessions.
///
/// A manager is cheap to clone, and its clones share everything. It works on strings and knows no HTTP, so a
/// command-line tool or a WebSocket server can use it too. The feature `http` adds the functions over
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
    /// What the driver was made from, if a [`SessionConfig`](crate::SessionConfig) says so.
    pub(crate) store: Option<StoreOptions>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) events: Events,
}

impl SessionManager {
    /// Returns the cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookie.name()
    }

    /// Returns the value of the Set-Cookie header that carries out `outcome`, or `None` for [`Outcome::Keep`].
    #[must_use]
    pub fn set_cookie(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Keep => None,
            Outcome::Set(token) => Some(self.0.cookie.set(token)),
            Outcome::Clear => Some(self.0.cookie.clear()),
        }
    }

    /// Returns how long a session lives without use.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.0.options.lifetimes.idle
    }

    /// Returns the current time by the manager's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns `true` if logging out also ends the session for anyone who copied its cookie.
    #[must_use]
    pub fn can_revoke(&self) -> bool {
        self.0.driver().can_revoke()
    }

    /// Returns `true` if the driver encrypts every session that it stores or sends.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.0.driver().is_sealed()
    }

    /// Returns `true` if middleware waits until the handler takes the session.
    #[must_use]
    pub fn opens_lazily(&self) -> bool {
        self.0.options.opening == Opening::Lazy
    }

    pub(crate) fn establishes_always(&self) -> bool {
        self.0.options.establish == Establish::Always
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

impl Inner {
    /// Returns the driver inside the box. A box is a driver too, and calling it would only forward the call.
    pub(crate) fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// Returns the owner of a record for an event, if anybody wants to know.
    pub(super) fn observed_owner(&self, record: &Record) -> Option<Box<str>> {
        if self.events.is_observed() {
            self.options.owner_in(&record.data)
        } else {
            None
        }
    }
}
