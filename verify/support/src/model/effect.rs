//! What a response means to its browser.

use session_core::Renewal;

use super::request::{Origin, Request};

/// What a response says about its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It carries no cookie.
    Nothing,
    /// It brings the cookie of a session that was regenerated.
    Login,
    /// It removes the cookie, or brings that of a session begun after a logout.
    Logout,
    /// It brings the cookie of a new session.
    Begin,
    /// It brings the cookie that the request came with once more. `is_renewal` says whether there
    /// was a reason: it was due, an old secret had signed it, or the settings renew on every write.
    Again { is_renewal: bool },
}

impl Effect {
    /// Returns what the cookie with a new handle means.
    pub(crate) const fn of_new(request: &Request) -> Self {
        if request.has_regenerated {
            Self::Login
        } else if request.is_destroyed {
            Self::Logout
        } else {
            Self::Begin
        }
    }

    /// Returns what the cookie with the same handle means.
    pub(crate) fn of_same(request: &Request, now: u64) -> Self {
        let settings = &request.settings;
        let is_renewed = |origin: &Origin| {
            origin.is_due || origin.needs_cookie || origin.is_due_at(now, &request.rules())
        };
        Self::Again {
            is_renewal: settings.renewal != Renewal::OnUse
                || request.sets_lifetime()
                || request.origin.as_ref().is_some_and(is_renewed),
        }
    }
}
