//! What a commit asks of the client.

use std::fmt;
use std::time::Duration;

/// What a commit asks of the client.
///
/// Exhaustive: a client can do nothing else with a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client keeps the cookie it has, if any.
    Keep,
    /// The client stores this token as the cookie's value.
    Set(Token),
    /// The client removes the cookie.
    Clear,
}

/// A signed cookie value. `Debug` does not show it: it is the key to a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) value: String,
    pub(crate) ttl: Duration,
    pub(crate) is_remembered: bool,
}

impl Token {
    /// Returns the signed value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Returns what the token signs.
    pub(crate) fn handle(&self) -> Option<&str> {
        self.value.rsplit_once('.').map(|(handle, _)| handle)
    }

    /// Returns how long the session lives unless it is renewed.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Returns `true` if the cookie must outlive the browser, because
    /// [`remember_for`](crate::Session::remember_for) said so, whatever
    /// [`CookieOptions::persistent`](crate::CookieOptions::persistent) says.
    #[must_use]
    pub const fn is_remembered(&self) -> bool {
        self.is_remembered
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}
