//! Opening the session of a request.

use crate::cookie::key_ring::Verified;
use crate::session::state::State;
use crate::{Error, Loaded, OnOutage, Session, SessionManager, events};

impl SessionManager {
    /// Opens the session of a request that came with these tokens: the values of all its cookies that have the
    /// session's name, in order. `None` stands for no cookie.
    ///
    /// The first token that verifies and belongs to a live session wins, so a forged or stale duplicate cannot lock a
    /// user out. At most 8 tokens are tried. If none works, whether forged, expired or unknown, the session is new: that
    /// is not an error, and the client's id is never adopted.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store failed and the manager was built
    /// with [`OnOutage::Refuse`]. By default the session opens and reports the outage through
    /// [`Session::is_available`].
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
        Ok(Session::new(State::new(self.0.budget(self.now(), None))))
    }

    /// Makes a session of a record, unless the record has ended.
    fn admit(&self, loaded: Loaded, verified: Verified<'_>) -> Option<Session> {
        let (now, lifetimes) = (self.now(), &self.0.options.lifetimes);
        let record = &loaded.record;
        if !lifetimes.is_live(now, record) {
            events::expired(record.id());
            return None;
        }
        let is_due = record.expires_at().is_some_and(|expires_at| {
            lifetimes.is_renewal_due(now, expires_at, record.created_at())
        });
        let reissue = (verified.key > 0 || is_due).then(|| verified.handle.to_owned());
        let budget = self.0.budget(now, record.created_at());
        Some(Session::new(State::loaded(loaded, is_due, reissue, budget)))
    }
}

/// How many cookies with the session's name are tried.
const MAX_CANDIDATES: usize = 8;
