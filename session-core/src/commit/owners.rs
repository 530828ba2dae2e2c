//! The sessions of one owner: the devices of a user.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::commit::manager::Inner;
use crate::commit::plan::Write;
use crate::{Error, ErrorKind, Event, EventKind, Record, SessionId, SessionManager};

/// # By owner
///
/// These need a [`Builder::owner_key`](crate::Builder::owner_key) and a driver with an index of owners.
impl SessionManager {
    /// Returns the records of all live sessions of this owner, in the order in which they got their owner. An owner is a
    /// string or a number, as in the data of the session.
    ///
    /// A record has the [id](Record::id), the times of its [creation](Record::created_at),
    /// [login](Record::owned_at), [last save](Record::saved_at) and [expiry](Record::expires_at), and the
    /// [data](Record::data), where the application finds what it put there: a device's name, for example.
    ///
    /// A session that lives from the beginning of the call to its end is in the list, even if it gets another id
    /// meanwhile. A session that was last saved by `@rudderjs/session`, or before there was an owner key, is missing until
    /// this library saves it.
    ///
    /// # Security
    ///
    /// An id opens a session for [`open_id`](Self::open_id) only, but never show it to a client: name a session by its
    /// [`SessionId::public_name`].
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if there is no owner key, or if the driver has no index. Returns
    /// [`ErrorKind::Unavailable`] if the store failed.
    pub async fn sessions_of(&self, owner: impl fmt::Display) -> Result<Vec<Record>, Error> {
        let owner = owner.to_string();
        let found = self.0.sessions_of(&owner).await;
        found.inspect_err(|error| {
            let failed = Event::failed(EventKind::LoadFailed, error);
            self.0.events.emit(failed.about(None, Some(&owner)));
        })
    }

    /// Ends all sessions of this owner, except one: log out everywhere, or "log out my other devices". Returns how many
    /// ended. The event of each is `session revoked`.
    ///
    /// Call it after a password has changed. If the same request calls [`regenerate`](crate::Session::regenerate), do that
    /// afterwards: until the new id is saved, the store knows the session under its old one. A session that is made while
    /// the call runs is ended too, or is younger than the call.
    ///
    /// # Errors
    ///
    /// The same as [`sessions_of`](Self::sessions_of), and [`ErrorKind::Conflict`] if new sessions kept coming. Some sessions
    /// may have ended. Call it again.
    pub async fn revoke_all_of(
        &self,
        owner: impl fmt::Display,
        except: Option<&SessionId>,
    ) -> Result<usize, Error> {
        let owner = owner.to_string();
        let mut ended = BTreeSet::new();
        for _ in 0..MAX_PASSES {
            let before = ended.len();
            for record in self.sessions_of(&owner).await? {
                if Some(record.id()) != except && !ended.contains(record.id()) {
                    self.check_store()?;
                    self.0.revoke(record.id(), Some(&owner)).await?;
                    ended.insert(record.id().clone());
                }
            }
            // A session that got a new id meanwhile did so before its old one ended, so it is in the next list.
            if ended.len() == before {
                return Ok(ended.len());
            }
        }
        Err(Error::new(ErrorKind::Conflict).with_source("new sessions keep coming: call it again"))
    }
}

impl Inner {
    async fn sessions_of(&self, owner: &str) -> Result<Vec<Record>, Error> {
        if self.options.owner_key.is_none() {
            return Err(unsupported("set `Builder::owner_key`"));
        }
        // The found ones, and whether the others had moved when they were looked at last.
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        let mut others: BTreeMap<SessionId, bool> = BTreeMap::new();
        for _ in 0..MAX_PASSES {
            let Some(listed) = self.driver().owned_by(owner).await? else {
                return Err(unsupported(
                    "the driver has no index of owners: use Redis, SQL or memory",
                ));
            };
            let listed: BTreeSet<_> = listed.into_iter().filter(|id| !seen.contains(id)).collect();
            let load = |id: SessionId| async move {
                let loaded = self.driver().load(id.as_str()).await?;
                Ok::<_, Error>((id, loaded))
            };
            let loads: Vec<_> = listed.into_iter().map(load).collect();
            let loaded: Vec<_> = stream::iter(loads)
                .buffer_unordered(MAX_LOADS)
                .try_collect()
                .await?;
            let mut is_stable = true;
            for (id, loaded) in loaded {
                let record = loaded.map(|loaded| loaded.record);
                let has_moved = record.as_ref().is_some_and(Record::is_moved);
                match record.filter(|record| self.is_of(record, owner)) {
                    Some(record) => {
                        seen.insert(id);
                        found.push(record);
                    }
                    None => is_stable &= others.insert(id, has_moved) == Some(has_moved),
                }
            }
            // One that has ended may have got a new id. That was listed before the old one ended, but maybe not
            // before this list was read, and maybe not stored yet when it was looked at.
            if is_stable {
                break;
            }
        }
        found.sort_by(|a, b| (a.owned_at, a.id()).cmp(&(b.owned_at, b.id())));
        Ok(found)
    }

    fn is_of(&self, record: &Record, owner: &str) -> bool {
        self.is_live(record) && self.options.owner_in(&record.data).as_deref() == Some(owner)
    }

    /// Ends the oldest sessions of an owner who has one too many because of this write.
    pub(super) async fn limit_sessions(&self, write: &Write) {
        let record = &write.record;
        let (Some(limit), Some(owner)) = (self.options.sessions_per_owner, record.owner()) else {
            return;
        };
        if write.before.owner.as_deref() == Some(owner) {
            return;
        }
        let sessions = match self.sessions_of(owner).await {
            Ok(sessions) => sessions,
            // The login stands. The next one ends what is too much.
            Err(error) => {
                let failed = Event::failed(EventKind::SaveFailed, &error);
                self.events
                    .emit(failed.about(Some(record.id()), Some(owner)));
                return;
            }
        };
        let excess = sessions.len().saturating_sub(limit);
        for record in &sessions[..excess] {
            if self.revoke(record.id(), Some(owner)).await.is_err() {
                return;
            }
        }
    }
}

fn unsupported(remedy: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported).with_source(remedy)
}

/// How often a list is read again because sessions changed meanwhile.
const MAX_PASSES: usize = 16;
/// How many records are loaded at the same time.
const MAX_LOADS: usize = 64;
