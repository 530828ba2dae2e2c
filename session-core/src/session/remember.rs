//! Remember me: a session's own idle lifetime.

use std::time::Duration;

use crate::{Error, Session};

/// # Remember me
impl Session {
    /// Gives the session its own idle lifetime, and a cookie that outlives the browser: "remember me" on a login form.
    ///
    /// From now on the session ends after this long without use, whatever
    /// [`Builder::lifetime`](crate::Builder::lifetime) says, and its cookie has a Max-Age, even if
    /// [`CookieOptions::persistent`](crate::CookieOptions::persistent) is off. Both are stored with the session, and survive
    /// [`regenerate`](Self::regenerate). [`destroy`](Self::destroy) ends both.
    ///
    /// The [absolute lifetime](crate::Builder::absolute_lifetime) still limits the session. So does the browser, which
    /// keeps no cookie for more than 400 days without renewal (RFC 6265bis, "The Max-Age Attribute"). A fraction of a
    /// millisecond is dropped. If `@rudderjs/session` saves the session, the manager's lifetime holds again.
    ///
    /// # Security
    ///
    /// A long lifetime gives a stolen cookie more time (OWASP Session Management Cheat Sheet, "Session Expiration"). Ask
    /// for the password again before an action that matters.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if `lifetime` is shorter than a second, and fails like
    /// [every write](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use session_core::{Error, Session};
    ///
    /// fn log_in(session: &Session, user_id: u64, remember: bool) -> Result<(), Error> {
    ///     session.regenerate()?;
    ///     session.put("user_id", user_id)?;
    ///     if remember {
    ///         session.remember_for(Duration::from_secs(30 * 24 * 60 * 60))?;
    ///     }
    ///     Ok(())
    /// }
    /// # let session = session_core::testing::session(|_| Ok(()));
    /// # log_in(&session, 42, true).unwrap();
    /// ```
    pub fn remember_for(&self, lifetime: Duration) -> Result<(), Error> {
        if lifetime < MIN_LIFETIME {
            return Err(Error::invalid(
                "a session's lifetime must be at least a second",
            ));
        }
        self.change()?.remember(Some(lifetime))
    }

    /// Takes back [`remember_for`](Self::remember_for): the manager's lifetime and the cookie options hold again. If there
    /// is nothing to take back, this does not count as a write.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors).
    pub fn forget_me(&self) -> Result<(), Error> {
        self.change()?.remember(None)
    }

    /// Returns the session's own idle lifetime, if it has one.
    #[must_use]
    pub fn remembered_for(&self) -> Option<Duration> {
        self.look().remembered_for
    }
}

const MIN_LIFETIME: Duration = Duration::from_secs(1);
