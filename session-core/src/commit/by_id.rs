//! Sessions by their id, for jobs and operators.

use crate::commit::manager::Inner;
use crate::record::owner::Ownership;
use crate::session::life::Duties;
use crate::session::state::State;
use crate::{Error, ErrorKind, Event, EventKind, Session, SessionId, SessionManager};

/// # By id
///
/// These ask for no token. No middleware calls them.
impl SessionManager {
    /// Opens the session with this id, for a job that works on a user's session. Returns `None` if there is no such
    /// session. [`commit`](Self::commit) saves it.
    ///
    /// It does not count as a request of the user's: flash does not age, and the session is not renewed.
    ///
    /// # Security
    ///
    /// Never pass an id that a client sent. A client proves that a session is its own with a token, which
    /// [`open`](Self::open) verifies.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if the driver cannot revoke: the sessions are in the clients' cookies then.
    /// Returns [`ErrorKind::Unavailable`] if the store failed.
    pub async fn open_id(&self, id: &SessionId) -> Result<Option<Session>, Error> {
        self.check_store()?;
        let events = &self.0.events;
        let watch = events.stopwatch();
        let loaded = self.0.driver().load(id.as_str()).await;
        let loaded = loaded.inspect_err(|error| {
            let failed = Event::failed(EventKind::LoadFailed, error);
            events.emit(failed.about(Some(id), None).after(watch));
        });
        let Some(loaded) = loaded? else {
            return Ok(None);
        };
        if !self.0.is_live(&loaded.record) {
            return Ok(None);
        }
        let record = &loaded.record;
        let ownership = Ownership::of(record, &self.0.options);
        let owner = ownership.owner.as_deref();
        let found = Event::of(EventKind::Loaded, id, owner).remembering(record.remembered_for);
        events.emit(found.after(watch));
        let manager = Some(self.clone());
        let mut state = State::loaded(loaded, Duties::default(), ownership, manager);
        state.set_background();
        Ok(Some(Session::new(state)))
    }

    /// Ends the session with this id: a logout by somebody else than its user. The event is `session revoked`. A
    /// session that does not exist is no error.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if the driver cannot revoke. Returns [`ErrorKind::Unavailable`] if the store
    /// failed: the session then counts as still alive.
    pub async fn revoke(&self, id: &SessionId) -> Result<(), Error> {
        self.check_store()?;
        self.0.revoke(id, None).await
    }

    pub(super) fn check_store(&self) -> Result<(), Error> {
        if self.can_revoke() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Unsupported).with_source(
                "the sessions are in the clients' cookies; use a server-side driver, such as Redis",
            ))
        }
    }
}

impl Inner {
    /// Ends a session that is not the request's own.
    pub(super) async fn revoke(&self, id: &SessionId, owner: Option<&str>) -> Result<(), Error> {
        let watch = self.events.stopwatch();
        let revoked = self.driver().destroy(id).await;
        let event = match &revoked {
            Ok(()) => Event::new(EventKind::Revoked),
            Err(error) => Event::failed(EventKind::SaveFailed, error),
        };
        self.events.emit(event.about(Some(id), owner).after(watch));
        revoked
    }
}
