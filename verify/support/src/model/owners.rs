//! Owners in the model: lists of their sessions, revocations, and the limit of sessions per owner.

use session_core::{ErrorKind, SessionId};

use super::backend::{Backend, Storage};
use super::decide::Decision;
use super::failing::Failed;
use super::play::Play;
use super::record;
use super::request::Request;
use super::settings::{Failure, Owners};
use super::verbs;
use super::world::{Reply, Stored};
use crate::Call;

/// The new record of a commit that pauses before it moves the old one. The store holds both.
#[derive(Debug)]
pub(crate) struct HalfMade {
    handle: String,
}

impl<S: Backend> Play<'_, S> {
    /// Lists the sessions of an owner, or ends some of them.
    pub(super) async fn manage(&mut self) {
        let owner = self.choices.pick(&["0", "1", "2"]);
        let release = self.releases.last().unwrap();
        let (manager, settings, now) = (release.manager.clone(), release.settings, self.now());
        if settings.owners != Owners::Listed {
            let unsupported = Failure::Other(ErrorKind::Unsupported);
            let listed = manager.sessions_of(owner).await.map(drop);
            assert_eq!(listed.map_err(verbs::kind), Err(unsupported));
            let revoked = manager.revoke_all_of(owner, None).await.map(drop);
            assert_eq!(revoked.map_err(verbs::kind), Err(unsupported));
            return;
        }
        let expected = self.world.sessions_of(owner, settings, now);
        match self.choices.below(4) {
            0 => {
                let except = (!expected.is_empty() && self.choices.one_in(2))
                    .then(|| self.choices.pick(&expected));
                self.trace(|| format!("revoke all of {owner} except {except:?}: {expected:?}"));
                let id = except.as_deref().and_then(SessionId::from_stored);
                let ended = manager.revoke_all_of(owner, id.as_ref()).await.unwrap();
                let revoked: Vec<_> = expected
                    .into_iter()
                    .filter(|handle| Some(handle) != except.as_ref())
                    .collect();
                assert_eq!(ended, revoked.len(), "sessions that ended");
                self.counts.ended += ended;
                for handle in &revoked {
                    self.world.remove(handle);
                    self.audit(handle).await;
                }
            }
            1 if !expected.is_empty() => {
                let handle = self.choices.pick(&expected);
                self.trace(|| format!("revoke {handle}"));
                let id = SessionId::from_stored(&handle).unwrap();
                manager.revoke(&id).await.unwrap();
                self.counts.ended += 1;
                self.world.remove(&handle);
                self.audit(&handle).await;
            }
            _ => {
                self.trace(|| format!("list {owner}: {expected:?}"));
                let listed = manager.sessions_of(owner).await.unwrap();
                let ids: Vec<_> = listed.iter().map(|record| record.id().as_str()).collect();
                assert_eq!(ids, expected, "sessions of {owner}: library and model");
                self.counts.listed += ids.len();
                for record in &listed {
                    let stored = &self.world.records[record.id().as_str()];
                    self.is_same(record, &stored.record);
                }
            }
        }
    }

    /// Ends the oldest sessions of an owner who has one too many because of a write, as the library does after it.
    /// `stored` is the record, unless the write was dropped.
    pub(super) fn limit(
        &mut self,
        decision: Decision,
        request: &Request,
        stored: Option<&record::Record>,
        failed: Option<Failed>,
    ) {
        let is_write = matches!(
            decision,
            Decision::Begin | Decision::Write | Decision::Regenerate
        );
        let settings = request.settings;
        let (Some(limit), Owners::Listed, true) = (settings.per_owner, settings.owners, is_write)
        else {
            return;
        };
        let owner = match stored {
            Some(record) => record.owner(),
            None => record::owner(&request.data),
        };
        let before = request.origin.as_ref();
        let before = before.and_then(|origin| origin.record.owner());
        let Some(owner) = owner.filter(|owner| Some(owner) != before.as_ref()) else {
            return;
        };
        let mut oldest = self.world.sessions_of(&owner, settings, self.now());
        oldest.truncate(oldest.len().saturating_sub(limit));
        if let Some(failed) = failed.filter(|failed| failed.is_listed) {
            // The login stands. At most the first of them has ended.
            let is_ended = failed.call == Call::Destroy && failed.took_effect;
            oldest.truncate(usize::from(is_ended));
        }
        self.counts.limited += oldest.len();
        for handle in oldest {
            self.trace(|| format!("one too many of {owner}: {handle} ends"));
            self.world.remove(&handle);
        }
    }

    /// Adds the record that a commit has stored under its new id, and which nobody knows yet.
    pub(super) fn half_make(&mut self, open: &mut super::play::OpenRequest) -> Option<HalfMade> {
        let origin = open.request.origin.clone()?;
        verbs::id(&open.session, &mut open.request);
        let handle = open.session.id().unwrap().as_str().to_owned();
        let record = self.world.own(&origin, &open.request, self.now());
        let stored = Stored {
            id: handle.clone(),
            record,
            is_moved: false,
        };
        self.world.records.insert(handle.clone(), stored);
        Some(HalfMade { handle })
    }

    /// Takes it away again, before the model decides what the commit leaves. Returns `true` if somebody has ended it
    /// meanwhile, and nothing makes the commit store it once more.
    pub(super) fn complete(&mut self, half_made: Option<&HalfMade>, request: &Request) -> bool {
        let Some(HalfMade { handle }) = half_made else {
            return false;
        };
        let is_ended = self.world.records.remove(handle).is_none();
        let origin = request.origin.as_ref();
        let is_changed = origin.is_some_and(|origin| {
            let stored = self.world.live(&origin.handle, self.now());
            stored.is_some_and(|stored| {
                !stored.is_moved && stored.record.saves != origin.record.saves
            })
        });
        is_ended && !is_changed
    }

    /// Adopts what a failed commit left in the store, because it could not remove it. No client knows it, but its owner
    /// has it in the list.
    pub(super) async fn adopt(&mut self, id: &str) {
        if self.world.storage == Storage::Client || self.world.records.contains_key(id) {
            return;
        }
        let loaded = session_core::Driver::load(&self.driver.driver, id).await;
        if let Some(loaded) = loaded.unwrap() {
            let record = verbs::adopted(&loaded.record);
            self.trace(|| format!("left behind: {id}: {record:?}"));
            self.world.insert(id.to_owned(), id.to_owned(), record);
        }
    }

    /// The record that a reply stores, where it stores one.
    pub(super) fn stored_by(&self, reply: &Reply, request: &Request) -> Option<record::Record> {
        match reply {
            Reply::New(record) => Some(record.clone()),
            Reply::Again(handle, _) => Some(self.world.records[handle].record.clone()),
            Reply::Saved => {
                let handle = &request.origin.as_ref()?.handle;
                Some(self.world.records[handle].record.clone())
            }
            Reply::Keep | Reply::Clear | Reply::Removed | Reply::Error(_) => None,
        }
    }
}
