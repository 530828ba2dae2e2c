//! Saving and reloading a session by hand, before its request ends.

use super::backend::{Backend, Storage};
use super::decide::Decision;
use super::effect::Effect;
use super::play::{OpenRequest, Play};
use super::record::{self, Op};
use super::request::{Id, Origin, Phase};
use super::settings::Failure;
use super::verbs;
use super::world::{Reply, World};

impl<S: Backend> Play<'_, S> {
    /// Saves or reloads one of the open sessions.
    pub(super) async fn by_hand(&mut self) {
        let Some(mut open) = self.take() else {
            return;
        };
        self.driver.arm(None);
        if self.choices.one_in(2) {
            self.reload(&mut open).await;
        } else {
            self.save_by_hand(&mut open).await;
        }
        verbs::look(&open.session, &open.request, &mut self.choices);
        self.open.push(open);
    }

    async fn save_by_hand(&mut self, open: &mut OpenRequest) {
        let now = self.now();
        let result = open.session.save().await.map_err(verbs::kind);
        self.counts.saved_by_hand += 1;
        if open.request.phase == Phase::Unavailable {
            assert_eq!(result, Err(Failure::Unavailable));
            return;
        }
        let is_stored = self.world.storage == Storage::Server;
        open.request.saves_by_hand |= is_stored;
        if !is_stored || !open.request.is_modified() {
            assert_eq!(result, Ok(()), "a save by hand that has nothing to do");
            return;
        }
        let decision = World::decide(&open.request);
        if decision == Decision::Begin && open.request.id == Id::None {
            open.request.id = Id::Minted(None);
        }
        let has_moved = self.world.has_moved(&open.request, now);
        let reply = self.world.carry_out(decision, &open.request, now, None);
        self.trace(|| {
            format!(
                "save of {} by hand: {decision:?} {reply:?}",
                open.mail.client
            )
        });
        let expected = match &reply {
            Reply::Error(failure) => Err(*failure),
            _ => Ok(()),
        };
        assert_eq!(result, expected, "a save by hand");
        let before = open.request.clone();
        let stored = self.stored_by(&reply, &before);
        match reply {
            Reply::Error(_) => return,
            // What was written is dropped, now and not once more by the commit.
            Reply::Keep => open.request.lose(has_moved),
            Reply::Clear | Reply::Removed => open.request.ended = None,
            Reply::Saved | Reply::Again(..) => {
                let origin = before.origin.as_ref().unwrap();
                let needs_cookie = matches!(reply, Reply::Again(..));
                if needs_cookie {
                    open.request.brings = match before.brings {
                        Some(Effect::Login | Effect::Begin | Effect::Logout) => before.brings,
                        _ => Some(Effect::of_same(&before, now)),
                    };
                }
                self.goes_on(open, &origin.handle, needs_cookie);
            }
            Reply::New(record) => {
                verbs::id(&open.session, &mut open.request);
                let handle = open.session.id().unwrap().as_str().to_owned();
                open.request.user = record.data.get(verbs::USER).cloned();
                self.world.insert(handle.clone(), handle.clone(), record);
                // The client's cookie may be that of the session to which another request moved it.
                open.request.has_cookie &= !has_moved;
                let origin = before.origin.as_ref();
                let left = origin.map(|origin| origin.handle.clone());
                open.request.left = before.left.clone().or(left);
                open.request.brings = match Effect::of_new(&before) {
                    Effect::Begin if before.brings.is_some() => before.brings,
                    effect => Some(effect),
                };
                self.goes_on(open, &handle, true);
            }
        }
        self.limit(decision, &before, stored.as_ref(), None);
        for handle in self.world.handles.clone().iter().rev().take(3) {
            self.audit(handle).await;
        }
    }

    /// Lets a request go on from what it has just stored.
    fn goes_on(&mut self, open: &mut OpenRequest, handle: &str, needs_cookie: bool) {
        let stored = &self.world.records[handle];
        let request = &mut open.request;
        let record = stored.record.clone();
        request.id = Id::Stored(stored.id.clone());
        request.data.clone_from(&record.data);
        request.loaded.clone_from(&record.data);
        // The flash in it is for the next request.
        request.consumes.clear();
        request.ops.clear();
        request.ended = None;
        request.origin = Some(Origin {
            handle: handle.to_owned(),
            record,
            is_due: false,
            needs_cookie,
        });
    }

    async fn reload(&mut self, open: &mut OpenRequest) {
        let now = self.now();
        let result = open.session.reload().await.map_err(verbs::kind);
        self.counts.reloaded += 1;
        let request = &mut open.request;
        let is_gone = request.is_moved
            || request.has_ended
            || request.origin.is_none() && request.is_destroyed;
        if request.phase == Phase::Unavailable {
            assert_eq!(result, Err(Failure::Unavailable));
            return;
        }
        let origin = request.origin.as_ref().filter(|_| !request.has_ended);
        let (Some(origin), Storage::Server) = (origin, self.world.storage) else {
            assert_eq!(result, Ok(!is_gone), "a reload that has nothing to load");
            return;
        };
        let has_moved = self.world.has_moved(request, now);
        let is_over = |record: &record::Record| {
            let end = request.settings.end(record.created_at);
            end.is_some_and(|end| end <= now)
        };
        let current = self.world.live(&origin.handle, now);
        let current = current.filter(|stored| !stored.is_moved && !is_over(&stored.record));
        let Some(current) = current.map(|stored| stored.record.clone()) else {
            assert_eq!(result, Ok(false), "a reload of what has ended");
            request.lose(has_moved);
            return;
        };
        let merged = record::changed(&current.data, &request.loaded, &request.ops);
        let expected = merged.as_ref().map(|_| true).map_err(|_| Failure::Decode);
        assert_eq!(result, expected, "a reload");
        if let Ok(merged) = merged {
            let origin = Origin {
                record: current,
                ..origin.clone()
            };
            request.origin = Some(origin);
            request.data.clone_from(&merged);
            request.ops.push(Op::See(merged));
        }
    }
}
