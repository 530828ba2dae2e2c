//! How a commit changes the store.

use session_core::{ErrorKind, Renewal};

use super::Storage;
use super::decide::Decision;
use super::failing::Failed;
use super::record::{Record, Texts};
use super::request::{Origin, Request};
use super::settings::{Failure, Owners};
use super::size::measure;
use super::world::{Reply, Stored, World};
use crate::Call;

impl World {
    /// Carries out a decision at `now`, given what failed.
    pub(crate) fn carry_out(
        &mut self,
        decision: Decision,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
    ) -> Reply {
        let unavailable = Reply::Error(Failure::Unavailable);
        match (decision, &request.origin) {
            (Decision::Begin | Decision::End, _) => {
                let has_moved = request.ended.as_ref().is_some_and(|ended| {
                    self.live(ended, now).is_some_and(|stored| stored.is_moved)
                });
                if failed.is_some_and(|failed| failed.call == Call::Load) {
                    return unavailable;
                }
                if has_moved {
                    // The session lives on under an id that this request must not learn.
                    return Reply::Error(Failure::Other(ErrorKind::Conflict));
                }
                if let Some(ended) = &request.ended
                    && failed
                        .is_none_or(|failed| failed.call != Call::Destroy || failed.took_effect)
                {
                    self.remove(ended);
                }
                // If the record was stored and the answer lost, no client has its cookie.
                if failed.is_some() {
                    unavailable
                } else if decision == Decision::End && request.has_cookie {
                    Reply::Clear
                } else if decision == Decision::End {
                    Reply::Removed
                } else {
                    let mut record = Record::new(request.data.clone(), request.next_flash());
                    record.created_at = request.settings.begins(now);
                    record.remembered = request.remembered();
                    record.expires_at = request.rules().expiry(now, record.created_at);
                    if request.settings.is_stamped() {
                        record.stamp(None, None, now);
                    }
                    Reply::New(record)
                }
            }
            (Decision::Write | Decision::Regenerate, Some(origin)) => self.write(
                origin,
                request,
                now,
                failed,
                decision == Decision::Regenerate,
            ),
            (Decision::Renew, Some(origin)) => self.renew(origin, request, now, failed),
            (Decision::Reissue, Some(origin)) => {
                if failed.is_some() {
                    return unavailable;
                }
                let is_over = |stored: &Stored| {
                    let end = request.settings.end(stored.record.created_at);
                    stored.is_moved || end.is_some_and(|end| end <= now)
                };
                let is_gone = self.live(&origin.handle, now).is_none_or(is_over);
                if is_gone && self.storage == Storage::Server {
                    return Reply::Keep;
                }
                let left = origin.record.expires_at.saturating_sub(now);
                Reply::Again(origin.handle.clone(), left)
            }
            _ => Reply::Keep,
        }
    }

    fn write(
        &mut self,
        origin: &Origin,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
        is_regenerated: bool,
    ) -> Reply {
        let unavailable = Reply::Error(Failure::Unavailable);
        // A record from before the absolute lifetime was set may have no room for its creation
        // time. It is not renewed without it. Flash that stays for the next page needs room, too.
        if let Err(kind) = check_plan(origin, request, now) {
            return Reply::Error(kind);
        }
        let settings = &request.settings;
        let current = match self.storage {
            // The client holds the only copy, so there is nothing to merge with.
            Storage::Client => origin.record.clone(),
            Storage::Server => match self.live(&origin.handle, now) {
                // A second login, while the first one's answer is on its way: it gets a session of its own.
                Some(stored) if stored.is_moved && is_regenerated => {
                    let call = failed.map(|failed| failed.call);
                    if call == Some(Call::Save) {
                        return unavailable;
                    }
                    // Unless it is a mere copy of the login that moved: nobody could end it with the others.
                    let is_copy = settings.owners != Owners::Unknown
                        && origin.record.owner().is_some()
                        && !request.sets_owner();
                    // Without an answer it cannot tell that another request moved the record.
                    if is_copy && call != Some(Call::Move) {
                        return match failed {
                            Some(_) => unavailable,
                            None => Reply::Keep,
                        };
                    }
                    if call == Some(Call::Move) && settings.grace == 0 {
                        self.remove(&origin.handle);
                    }
                    return Reply::New(self.own(origin, request, now));
                }
                Some(stored) if !stored.is_moved => stored.record.clone(),
                _ if failed.is_some() => return unavailable,
                // The session has ended or moved, and a late write must not bring it back.
                _ => return Reply::Keep,
            },
        };
        let is_conflict = current.saves != origin.record.saves;
        let is_over = settings
            .end(current.created_at)
            .is_some_and(|end| end <= now);
        if is_over && is_conflict {
            // Under this release's absolute lifetime, the stored session has ended.
            return if failed.is_some() {
                unavailable
            } else {
                Reply::Keep
            };
        }
        let is_due = origin.is_due || origin.is_due_at(now, &request.rules());
        let is_renewal =
            self.storage == Storage::Client || settings.renewal != Renewal::OnUse || is_due;
        let renews =
            is_regenerated || request.sets_lifetime() || is_renewal && !request.is_background;
        let merged = match self.merged(origin, request, &current, now, renews) {
            Ok(merged) => merged,
            Err(_) if failed.is_some() => return unavailable,
            Err(kind) => return Reply::Error(kind),
        };
        let is_same_handle = self.storage == Storage::Server && !is_regenerated;
        if let Some(failed) = failed {
            let stands = match failed.call {
                Call::Save if failed.took_effect && is_same_handle => {
                    self.replace(&origin.handle, merged.clone());
                    false
                }
                // One look at the store tells that the answer was lost after the record had moved.
                Call::Move => failed.took_effect,
                // The last step, without a grace period: the record that has moved stays for a while.
                Call::Destroy => is_regenerated && settings.grace == 0 && !is_conflict,
                _ => false,
            };
            if !stands {
                return unavailable;
            }
        }
        if is_same_handle {
            let left = merged.expires_at.saturating_sub(now);
            self.replace(&origin.handle, merged);
            if renews || origin.needs_cookie {
                return Reply::Again(origin.handle.clone(), left);
            }
            return Reply::Saved;
        }
        let is_removed = settings.grace == 0
            && failed.is_none_or(|failed| failed.call != Call::Destroy || failed.took_effect);
        self.move_away(&origin.handle, now + settings.grace.max(1_000), is_removed);
        Reply::New(merged)
    }

    /// Returns the record of a session that goes its own way.
    pub(crate) fn own(&self, origin: &Origin, request: &Request, now: u64) -> Record {
        let settings = &request.settings;
        let mut record = planned(origin, request);
        let began = origin.record.created_at;
        record.created_at = began.or(settings.begins(now));
        record.remembered = request.remembered();
        record.expires_at = request.rules().expiry(now, record.created_at);
        if settings.is_stamped() {
            record.stamp(origin.record.owner(), origin.record.owned_at, now);
        }
        record
    }

    /// Returns `true` if another request moved the session that this one continues.
    pub(crate) fn has_moved(&self, request: &Request, now: u64) -> bool {
        let origin = request.origin.as_ref();
        let stored = origin.and_then(|origin| self.live(&origin.handle, now));
        stored.is_some_and(|stored| stored.is_moved)
    }

    /// Replaces the record by one that says that the session has moved, or removes it.
    fn move_away(&mut self, handle: &str, expires_at: u64, is_removed: bool) {
        if is_removed || self.storage == Storage::Client {
            self.remove(handle);
        } else if let Some(stored) = self.records.get_mut(handle) {
            stored.is_moved = true;
            stored.record.move_away(expires_at);
        }
    }

    /// Applies the request's operations to what is stored now.
    fn merged(
        &self,
        origin: &Origin,
        request: &Request,
        current: &Record,
        now: u64,
        renews: bool,
    ) -> Result<Record, Failure> {
        let settings = &request.settings;
        let mut merged = current.clone();
        merged
            .commit(&request.seen(), &request.ops)
            .map_err(|_| Failure::Decode)?;
        let began = current.created_at.or(origin.record.created_at);
        merged.created_at = began.or(settings.begins(now));
        if settings.is_stamped() {
            merged.stamp(current.owner(), current.owned_at, now);
        }
        let is_unchanged = current.saves == origin.record.saves;
        merged.expires_at = if renews {
            let rules = settings.remembering(merged.remembered);
            rules.expiry(now, merged.created_at)
        } else if is_unchanged && !origin.is_due_at(now, &request.rules()) {
            origin.record.expires_at
        } else {
            // Another request may have renewed it.
            current.expires_at
        };
        if current.saves != origin.record.saves {
            let own = request.next_flash();
            let carried = merged.flash_texts();
            let carried: Vec<&String> = carried
                .keys()
                .filter(|name| !own.contains_key(*name))
                .collect();
            let stamped = settings.is_stamped();
            settings.limit.check(measure(&merged, &carried, stamped))?;
        }
        Ok(merged)
    }

    fn renew(
        &mut self,
        origin: &Origin,
        request: &Request,
        now: u64,
        failed: Option<Failed>,
    ) -> Reply {
        let is_changed = self
            .live(&origin.handle, now)
            .is_some_and(|stored| stored.record.saves != origin.record.saves);
        if !self.touches || self.storage == Storage::Client || is_changed {
            if failed.is_some_and(|failed| failed.call == Call::Touch) {
                return Reply::Error(Failure::Unavailable);
            }
            return self.write(origin, request, now, failed, false);
        }
        let created = origin.record.created_at.or(request.settings.begins(now));
        let expires_at = request.rules().expiry(now, created);
        let is_live = self.live(&origin.handle, now).is_some();
        let is_touched = is_live && failed.is_none_or(|failed| failed.took_effect);
        if let Some(stored) = self.records.get_mut(&origin.handle)
            && is_touched
        {
            stored.record.expires_at = expires_at;
        }
        match (failed, is_live) {
            (Some(_), _) => Reply::Error(Failure::Unavailable),
            (None, false) => Reply::Keep,
            (None, true) => Reply::Again(origin.handle.clone(), expires_at.saturating_sub(now)),
        }
    }

    fn replace(&mut self, handle: &str, record: Record) {
        if let Some(stored) = self.records.get_mut(handle) {
            stored.record = record;
        }
    }
}

/// Returns the record that a request would store if nobody else had changed anything: with the flash
/// that it leaves alone.
fn planned(origin: &Origin, request: &Request) -> Record {
    let mut flash = kept_flash(origin, request);
    flash.extend(request.next_flash());
    Record::new(request.data.clone(), flash)
}

fn kept_flash(origin: &Origin, request: &Request) -> Texts {
    let stored = origin.record.flash.iter();
    stored
        .filter(|(name, flash)| request.consumes.get(*name) != Some(flash))
        .map(|(name, flash)| (name.clone(), flash.value.clone()))
        .collect()
}

fn check_plan(origin: &Origin, request: &Request, now: u64) -> Result<(), Failure> {
    let settings = &request.settings;
    let mut record = planned(origin, request);
    record.created_at = origin.record.created_at.or(settings.begins(now));
    record.remembered = request.remembered();
    let own = request.next_flash();
    let kept = kept_flash(origin, request);
    let carried: Vec<&String> = kept
        .keys()
        .filter(|name| !own.contains_key(*name))
        .collect();
    let size = measure(&record, &carried, settings.is_stamped());
    settings.limit.check(size)
}
